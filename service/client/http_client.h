// Synchronous HTTP/1.1 client of a Sluice node.
#pragma once

#include <memory>
#include <string>

#include "service/client/api.h"

namespace sluice {

// Calls take turns over one kept connection (guarded by a mutex); every stream has a connection of
// its own, so a thread may watch while another calls. A kept connection that the server closed
// meanwhile is noticed before it is used; a GET that fails on one is tried once more on a new one,
// anything else is not, because it may have been decided.
//
// A redirect to the same target on another node (307) is followed.
//
// An address that cannot be parsed is reported by every call (kInvalid). Plain http only.
class HttpClient : public Api {
 public:
  explicit HttpClient(std::string server_url);
  ~HttpClient() override;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Result<HttpResponse> Call(const HttpRequest& request) override;
  Result<StreamOutcome> Stream(const HttpRequest& request, const LineCallback& on_line,
                               std::stop_token stop = {}) override;
  std::string address() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
