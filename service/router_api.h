#pragma once

#include <stop_token>
#include <string>

#include "service/client/api.h"
#include "service/router.h"

namespace sluice::service {

// A client of a router in the same process: what `sluice --data DIR` reads with, where no node
// listens. Thread-safe; the router outlives it.
class RouterApi : public Api {
 public:
  // `address` is what messages call it: "data directory /var/lib/sluice".
  RouterApi(Router& router, std::string address);

  Result<HttpResponse> Call(const HttpRequest& request) override;
  Result<StreamOutcome> Stream(const HttpRequest& request, const LineCallback& on_line,
                               std::stop_token stop = {}) override;
  std::string address() const override { return address_; }

 private:
  Result<Reply> Send(const HttpRequest& request);

  Router& router_;
  const std::string address_;
};

}  // namespace sluice::service
