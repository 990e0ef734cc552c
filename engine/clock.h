// Where the engine's time comes from. Decisions never read a clock (I2); the journal stamps records
// with one and the partition's owner arms its timers by one, so both are given a Clock.
#pragma once

#include <atomic>
#include <chrono>

#include "events/basic_types.h"

namespace sluice {

// Threadsafe: Now() may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall-clock time. May go back when the host's clock is set back; whoever needs time that never
  // does takes the maximum with what was recorded last.
  virtual Time Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time Now() const override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return Time{std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
  }
};

// Stands still until told otherwise. For tests and simulations.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_us_(start.us) {}

  Time Now() const override { return Time{now_us_.load()}; }
  void Set(Time now) { now_us_.store(now.us); }
  void Advance(Duration step) { now_us_.fetch_add(step.us); }

 private:
  std::atomic<int64_t> now_us_;
};

}  // namespace sluice
