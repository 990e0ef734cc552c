#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "service/api_error.h"

namespace sluice::service {

struct ListenAddress {
  std::string host;  // an IP literal
  uint16_t port = 0;

  bool operator==(const ListenAddress&) const = default;
};

// "127.0.0.1:7420", "[::1]:7420", "localhost:0". An address off loopback is refused: it needs TLS
// and authentication, which this listener does not have.
Answer<ListenAddress> ParseListenAddress(std::string_view text);

// The host of "host:port", without brackets.
std::string_view HostOf(std::string_view host_and_port);

// localhost, 127.0.0.0/8 and ::1.
bool IsLoopbackHost(std::string_view host);

}  // namespace sluice::service
