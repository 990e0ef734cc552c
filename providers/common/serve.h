#pragma once

#include <algorithm>
#include <functional>
#include <stop_token>

#include "events/result.h"
#include "providers/common/lease.h"
#include "providers/common/pending_actions.h"

namespace sluice {

Time SystemTime();

// Waits for the lease; false once there is no sense in waiting (`stop`, or kRetaken).
bool AwaitLease(Lease& lease, PendingActions& pending, const std::stop_token& stop);

// The loop of a provider that works in steps: OnActions, Step, NextDue. kFenced when another run of
// it took the lease.
template <class Provider>
Result<void> ServePending(Lease& lease, PendingActions& pending, Provider& provider,
                          const std::function<void()>& ready, std::stop_token stop) {
  constexpr Duration kIdle = Duration::Seconds(5);
  bool announced = false;
  while (AwaitLease(lease, pending, stop)) {
    if (!announced && ready) ready();
    announced = true;
    provider.OnActions(pending.All());
    provider.Step();
    const Time due = provider.NextDue();
    const Duration wait = due.IsSet() ? std::clamp(due - SystemTime(), Duration{}, kIdle) : kIdle;
    if (wait > Duration{}) pending.Wait(wait, stop);
  }
  if (lease.state() == Lease::State::kRetaken) {
    return Err(ErrorCode::kFenced, "{}", lease.message());
  }
  lease.Release();
  return {};
}

}  // namespace sluice
