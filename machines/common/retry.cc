#include "machines/common/retry.h"

#include <algorithm>

namespace sluice {

Duration RetryDelay(uint32_t attempt, const ClusterConfigSpec& settings) {
  const Duration first = settings.retry_first.value_or(Duration::Seconds(2));
  const Duration last = settings.retry_last.value_or(Duration::Minutes(5));
  Duration delay = first;
  for (uint32_t i = 1; i < attempt && delay < last; ++i) delay = delay * 2;
  return std::min(delay, last);
}

Retry NextRetry(const Retry& present, Time now, const ClusterConfigSpec& settings) {
  const uint32_t attempt = present.attempt + 1;
  return {.attempt = attempt, .next_time = now + RetryDelay(attempt, settings)};
}

}  // namespace sluice
