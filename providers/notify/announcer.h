// One pending announcement carried out: read, posted, reported.
#pragma once

#include <stop_token>
#include <string>
#include <utility>

#include "events/basic_types.h"
#include "events/result.h"
#include "providers/notify/http_poster.h"
#include "service/client/api.h"

namespace sluice::notify {

class Announcer {
 public:
  // `node` outlives it. Not thread-safe.
  Announcer(Api& node, Duration timeout, std::stop_token stop)
      : node_(node), stop_(stop), timeout_(timeout), poster_(std::move(stop)) {}

  // `entity` is the announcement's key, `announcement/NS/NAME`. Announces what it has pending now,
  // if anything, and reports how that went. kUnavailable when the node could not be told: then the
  // change stays pending there.
  Result<void> Announce(const std::string& entity);

 private:
  Result<void> Report(const std::string& entity, const std::string& id, bool taken,
                      const std::string& message);

  Api& node_;
  const std::stop_token stop_;
  const Duration timeout_;
  HttpPoster poster_;
};

}  // namespace sluice::notify
