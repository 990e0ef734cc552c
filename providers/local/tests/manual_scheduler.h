#pragma once

#include <map>
#include <utility>

#include "providers/local/scheduler.h"

namespace sluice::local {

// Time that passes only when a test says so.
class ManualScheduler : public Scheduler {
 public:
  Micros Now() const override { return now_; }

  TimerId Schedule(Micros delay, std::function<void()> callback) override {
    const TimerId id = ++last_id_;
    timers_.emplace(std::pair(now_ + delay, id), std::move(callback));
    return id;
  }

  void Cancel(TimerId timer) override {
    std::erase_if(timers_, [timer](const auto& entry) { return entry.first.second == timer; });
  }

  // Runs what is due by then, in order; returns whether there was anything.
  bool Advance(Micros by) {
    const Micros until = now_ + by;
    bool ran = false;
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      auto first = timers_.extract(timers_.begin());
      now_ = std::max(now_, first.key().first);
      first.mapped()();
      ran = true;
    }
    now_ = until;
    return ran;
  }

 private:
  Micros now_{0};
  TimerId last_id_ = 0;
  std::map<std::pair<Micros, TimerId>, std::function<void()>> timers_;
};

}  // namespace sluice::local
