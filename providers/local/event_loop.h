#pragma once

#include <memory>

#include "providers/local/fd_watcher.h"
#include "providers/local/scheduler.h"

namespace sluice::local {

// The one thread of a local provider: real time, real descriptors, and work posted by others.
class EventLoop : public Scheduler, public FdWatcher {
 public:
  EventLoop();
  ~EventLoop() override;

  // Runs callbacks until Stop.
  void Run();

  // Waits for the next callback and runs it.
  void RunOne();

  // Thread-safe: runs `work` on the loop's thread.
  void Post(std::function<void()> work);

  // Thread-safe: Run returns, and RunOne does nothing until Resume.
  void Stop();
  void Resume();

  Micros Now() const override;
  TimerId Schedule(Micros delay, std::function<void()> callback) override;
  void Cancel(TimerId timer) override;
  WatchId Watch(int fd, Interest interest, std::function<void()> callback) override;
  void Unwatch(WatchId watch) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::local
