#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace sluice::local {

using Micros = std::chrono::microseconds;

// Where the provider gets time and timers from, so that tests and the simulator decide what time it
// is. Single-threaded: callbacks run on the thread that drives the provider, never from inside
// Schedule or Cancel.
class Scheduler {
 public:
  using TimerId = uint64_t;  // 0 is no timer.

  virtual ~Scheduler() = default;

  // Monotonic time since an arbitrary point.
  virtual Micros Now() const = 0;

  // Runs `callback` once, `delay` from now.
  virtual TimerId Schedule(Micros delay, std::function<void()> callback) = 0;

  // The callback of a cancelled timer does not run. Cancelling what has run, or 0, does nothing.
  virtual void Cancel(TimerId timer) = 0;
};

// A timer that is cancelled with its holder; one callback at a time.
class ScopedTimer {
 public:
  explicit ScopedTimer(Scheduler& scheduler) : scheduler_(scheduler) {}
  ~ScopedTimer() { Cancel(); }
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;

  // Replaces what was armed before.
  void Arm(Micros delay, std::function<void()> callback) {
    Cancel();
    timer_ = scheduler_.Schedule(delay, [this, callback = std::move(callback)] {
      timer_ = 0;
      callback();  // May destroy this timer: touches nothing after it.
    });
  }
  void Cancel() {
    scheduler_.Cancel(timer_);
    timer_ = 0;
  }
  bool armed() const { return timer_ != 0; }

 private:
  Scheduler& scheduler_;
  Scheduler::TimerId timer_ = 0;
};

}  // namespace sluice::local
