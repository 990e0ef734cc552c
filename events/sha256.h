// SHA-256, for what outlives a build or leaves the process: chain hashes, derived names.
#pragma once

#include <string>
#include <string_view>

#include "events/basic_types.h"

namespace sluice {

// The 32 bytes of the digest.
Bytes Sha256(std::string_view bytes);
// 64 lower-case hex digits.
std::string Sha256Hex(std::string_view bytes);

}  // namespace sluice
