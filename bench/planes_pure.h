// The pure libraries behind the planes, by themselves: no node, no store.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/measurement.h"

namespace sluice::bench {

// All of processor time. Plans over `count` instances in every state; p50 is the mean of one.
Measurement MeasurePlanner(uint32_t count);
// Single addresses out of one block, granted and then given back.
std::vector<Measurement> MeasureAllocator(uint64_t grants);

}  // namespace sluice::bench
