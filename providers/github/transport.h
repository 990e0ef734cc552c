#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "events/result.h"

namespace sluice::github {

struct HttpCall {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body{};
};

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers{};  // Names in lower case.
  std::string body{};

  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

// Sends one request and waits for its whole reply. Injected, so that tests answer as GitHub would.
class Transport {
 public:
  virtual ~Transport() = default;

  // kUnavailable when there is no whole reply: whether the request was carried out is not known.
  virtual Result<HttpReply> Send(const HttpCall& call) = 0;
};

struct CurlOptions {
  std::string ca_file;  // Certificates to trust instead of the system's; empty: the system's.
  long connect_timeout_ms = 10'000;
  long timeout_ms = 30'000;
};

// libcurl, one connection kept. TLS certificates and host names are verified; redirects are not
// followed, so that no header of a request reaches another host. Single-threaded.
std::unique_ptr<Transport> MakeCurlTransport(CurlOptions options);

}  // namespace sluice::github
