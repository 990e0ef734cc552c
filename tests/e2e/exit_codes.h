// What the binary ends with, as its users know it: not the binary's own constants.
#pragma once

namespace sluice::testing {

inline constexpr int kDone = 0;
inline constexpr int kRejected = 1;
inline constexpr int kBadInput = 2;
inline constexpr int kUnavailable = 3;

}  // namespace sluice::testing
