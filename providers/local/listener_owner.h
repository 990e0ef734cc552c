#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace sluice::local {

enum class ListenerOwner : uint8_t {
  kDescendant,  // The keeper listens there, or a descendant of it.
  kStranger,    // Somebody listens there, and none of these does.
  kUnknown,     // /proc does not say: it may not be read, or packets are redirected.
};

// Who takes connections to `address`:`port` (IPv4) of this host: the process `keeper` or a
// descendant of it, or somebody else. Reads /proc, a few milliseconds on a busy host; thread-safe.
ListenerOwner FindListenerOwner(const std::string& address, uint16_t port, pid_t keeper);

}  // namespace sluice::local
