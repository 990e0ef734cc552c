#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "events/basic_types.h"
#include "events/result.h"

namespace sluice::notify {

// Posts over HTTP or HTTPS, keeping a connection per poster. Not thread-safe; calls block, and give
// up within a second once `stop` is requested.
class HttpPoster {
 public:
  explicit HttpPoster(std::stop_token stop);
  ~HttpPoster();
  HttpPoster(const HttpPoster&) = delete;
  HttpPoster& operator=(const HttpPoster&) = delete;

  // The status of the response, whatever it is; redirects are not followed. kUnavailable when there
  // is none in time, with what went wrong.
  Result<long> Post(const std::string& url, const std::string& body,
                    const std::vector<std::pair<std::string, std::string>>& headers,
                    Duration timeout);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::notify
