// One pending announcement carried out: read, posted, reported.
#pragma once

#include <string>

#include "events/basic_types.h"
#include "events/result.h"
#include "providers/notify/http_poster.h"
#include "service/client/api.h"

namespace sluice::notify {

class Announcer {
 public:
  // `node` outlives it. Not thread-safe.
  Announcer(Api& node, Duration timeout) : node_(node), timeout_(timeout) {}

  // `entity` is the announcement's key, `announcement/NS/NAME`. Announces what it has pending now,
  // if anything, and reports how that went. kUnavailable when the node could not be told: then the
  // change stays pending there.
  Result<void> Announce(const std::string& entity);

 private:
  Result<void> Report(const std::string& entity, const std::string& id, bool taken,
                      const std::string& message);

  Api& node_;
  const Duration timeout_;
  HttpPoster poster_;
};

}  // namespace sluice::notify
