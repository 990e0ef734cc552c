#include "service/listen_address.h"

#include <arpa/inet.h>

#include <charconv>

namespace sluice::service {

std::string_view HostOf(std::string_view host_and_port) {
  if (!host_and_port.empty() && host_and_port.front() == '[') {
    const size_t close = host_and_port.find(']');
    if (close == std::string_view::npos) return {};
    return host_and_port.substr(1, close - 1);
  }
  return host_and_port.substr(0, host_and_port.rfind(':'));
}

bool IsLoopbackHost(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  in_addr address{};
  if (inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) return false;
  return (ntohl(address.s_addr) >> 24) == 127;
}

Answer<ListenAddress> ParseListenAddress(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return Fail(
        ApiError::BadRequest("listen address \"" + std::string(text) + "\": " + std::string(why)));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return bad("must be HOST:PORT");
  }
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end) return bad("the port must be 0 to 65535");
  const std::string host(HostOf(text));
  if (!IsLoopbackHost(host)) {
    return bad(
        "only loopback is served; a listener off loopback needs TLS and authentication, which this "
        "build does not have");
  }
  return ListenAddress{host == "localhost" ? "127.0.0.1" : host, port};
}

}  // namespace sluice::service
