#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "service/backend.h"

namespace sluice::service {

// Deadlines of requests that wait. Injected, so that tests pass them by hand.
class Timers {
 public:
  virtual ~Timers() = default;
  // Calls `fire` once, from any thread, unless the registration is destroyed first. `fire` may
  // still be running when the destructor returns.
  virtual std::unique_ptr<Registration> After(std::chrono::milliseconds delay,
                                              std::function<void()> fire) = 0;
};

// One thread that fires deadlines on the steady clock. Destroying it drops those still armed;
// registrations may outlive it.
class ThreadTimers : public Timers {
 public:
  ThreadTimers();
  ~ThreadTimers() override;
  std::unique_ptr<Registration> After(std::chrono::milliseconds delay,
                                      std::function<void()> fire) override;

 private:
  using Clock = std::chrono::steady_clock;
  using Due = std::pair<Clock::time_point, uint64_t>;  // the number keeps equal times apart
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<Due, std::function<void()>> armed;  // guarded by mutex
    uint64_t next = 0;                           // guarded by mutex
    bool stopping = false;                       // guarded by mutex
  };
  class Armed;
  static void Run(State& state);

  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace sluice::service
