// Retries: 2 s doubling to 5 min (both configurable), reset by success. Attempt and next time are
// in status, the wake-up is a timer.
#pragma once

#include "events/clusterconfig.gen.h"
#include "events/common.gen.h"

namespace sluice {

// After attempt number `attempt` (1 = the first) failed: how long to wait.
Duration RetryDelay(uint32_t attempt, const ClusterConfigSpec& settings);

// The retry after one more failure at `now`.
Retry NextRetry(const Retry& present, Time now, const ClusterConfigSpec& settings);

}  // namespace sluice
