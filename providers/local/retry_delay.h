#pragma once

#include <algorithm>

#include "providers/local/scheduler.h"

namespace sluice::local {

// How long to wait for a node that was out of reach `failures` times before: 200 ms, doubling to 5
// s.
inline Micros RetryDelay(uint32_t failures) {
  constexpr Micros kMin{200'000};
  constexpr Micros kMax{5'000'000};
  return std::min(kMax, kMin * (1 << std::min(failures, 5U)));
}

}  // namespace sluice::local
