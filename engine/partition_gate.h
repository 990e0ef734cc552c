// PartitionGate: where users' commands of one partition wait for their turn (admission.h).
//
// Threadsafe. Commands are handed in one after the other, by whichever thread made room or came
// first, so a sender's keep their order; no lock is held meanwhile.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/admission.h"

namespace sluice {

// What a refused command's sender is told: kUnavailable, for all who do not ask any further. To try
// again after kTooManyWaitingRetry is soon enough: a partition has decided some thousand by then.
inline constexpr std::string_view kTooManyWaiting =
    "too many commands of this sender wait; nothing was recorded, try again";
inline constexpr Duration kTooManyWaitingRetry = Duration::Seconds(1);
inline bool IsTooManyWaiting(const Error& error) {
  return error.code == ErrorCode::kUnavailable && error.message == kTooManyWaiting;
}

class PartitionGate {
 public:
  // `hand_in` takes a command whose turn it is; Leave is called when its caller is answered.
  PartitionGate(AdmissionLimits limits, std::function<void(Admitted)> hand_in)
      : hand_in_(std::move(hand_in)), admission_(limits) {}

  // The command back when its sender has too many waiting.
  std::optional<Admitted> Enter(std::string_view sender, Admitted command) {
    {
      const std::lock_guard lock(mutex_);
      if (auto refused = admission_.Offer(sender, std::move(command))) return refused;
    }
    HandIn();
    return std::nullopt;
  }
  // Again is no change.
  void Leave(uint64_t ticket) {
    {
      const std::lock_guard lock(mutex_);
      admission_.Answered(ticket);
      if (admission_.waiting() == 0) return;
    }
    HandIn();
  }

  size_t Waiting() const {
    const std::lock_guard lock(mutex_);
    return admission_.waiting();
  }
  uint64_t Refused() const {
    const std::lock_guard lock(mutex_);
    return admission_.refused();
  }

 private:
  void HandIn() {
    std::unique_lock lock(mutex_);
    if (handing_in_) return;  // Who does it sees what was added.
    handing_in_ = true;
    while (auto next = admission_.Next()) {
      lock.unlock();
      hand_in_(std::move(*next));
      lock.lock();
    }
    handing_in_ = false;
  }

  const std::function<void(Admitted)> hand_in_;
  mutable std::mutex mutex_;  // Guards what follows.
  Admission admission_;
  bool handing_in_ = false;
};

}  // namespace sluice
