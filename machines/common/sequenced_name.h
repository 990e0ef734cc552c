// Names of which a parent makes one after the other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

// `<prefix>-<12 hex of SHA-256(hashed)>-<sequence, at least two digits>`. Prefix and hash have at
// most 56 characters, the whole at most 63; what is cut off is never the sequence. `prefix` is a
// label.
std::string SequencedName(std::string_view prefix, std::string_view hashed, uint64_t sequence);

}  // namespace sluice
