// Random: the one source of chance of a simulation. Written out, so that a seed means the same on
// every platform and library (SplitMix64, Steele et al. 2014).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "events/result.h"

namespace sluice::simulator {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }
  // 0 <= result < bound.
  uint64_t Below(uint64_t bound) {
    CHECK(bound > 0);
    return Next() % bound;
  }
  // first <= result <= last.
  uint64_t Between(uint64_t first, uint64_t last) { return first + Below(last - first + 1); }
  bool Chance(uint64_t per_mille) { return Below(1000) < per_mille; }
  template <class Range>
  const auto& Pick(const Range& range) {
    return range[Below(std::size(range))];
  }
  // An index, by weight.
  size_t Weighted(std::span<const uint32_t> weights) {
    uint64_t sum = 0;
    for (uint32_t weight : weights) sum += weight;
    uint64_t at = Below(sum);
    for (size_t i = 0; i < weights.size(); ++i) {
      if (at < weights[i]) return i;
      at -= weights[i];
    }
    Unreachable();
  }

 private:
  uint64_t state_;
};

}  // namespace sluice::simulator
