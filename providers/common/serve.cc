#include "providers/common/serve.h"

#include <spdlog/spdlog.h>

#include <chrono>

namespace sluice {

Time SystemTime() {
  return Time{std::chrono::duration_cast<std::chrono::microseconds>(
                  std::chrono::system_clock::now().time_since_epoch())
                  .count()};
}

bool AwaitLease(Lease& lease, PendingActions& pending, const std::stop_token& stop) {
  constexpr Duration kAgain = Duration::Seconds(2);
  std::string told;
  while (!stop.stop_requested()) {
    if (lease.state() == Lease::State::kHeld) return true;
    lease.Check();
    if (lease.state() == Lease::State::kRetaken) return false;
    if (lease.state() == Lease::State::kHeld) return true;
    if (told != lease.message()) spdlog::warn("{}: {}", lease.provider(), lease.message());
    told = lease.message();
    pending.Wait(kAgain, stop);
  }
  return false;
}

}  // namespace sluice
