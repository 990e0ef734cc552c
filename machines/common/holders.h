// Who keeps something that is being deleted, for its status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

// How many holders status names.
inline constexpr size_t kHoldersNamed = 10;

// "a, b and 3 more"
std::string JoinHolders(const std::vector<std::string>& holders, uint64_t total);

}  // namespace sluice
