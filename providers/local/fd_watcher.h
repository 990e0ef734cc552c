#pragma once

#include <cstdint>
#include <functional>

namespace sluice::local {

// Tells when a descriptor can be read or written. Single-threaded, as Scheduler.
class FdWatcher {
 public:
  using WatchId = uint64_t;  // 0 is no watch.
  enum class Interest : uint8_t { kRead, kWrite };

  virtual ~FdWatcher() = default;

  // Runs `callback` once. The descriptor may be closed while it is watched; its file is kept.
  virtual WatchId Watch(int fd, Interest interest, std::function<void()> callback) = 0;

  // The callback does not run any more.
  virtual void Unwatch(WatchId watch) = 0;
};

// A watch that ends with its holder; one at a time.
class ScopedWatch {
 public:
  explicit ScopedWatch(FdWatcher& watcher) : watcher_(watcher) {}
  ~ScopedWatch() { Cancel(); }
  ScopedWatch(const ScopedWatch&) = delete;
  ScopedWatch& operator=(const ScopedWatch&) = delete;

  void Arm(int fd, FdWatcher::Interest interest, std::function<void()> callback) {
    Cancel();
    watch_ = watcher_.Watch(fd, interest, [this, callback = std::move(callback)] {
      watch_ = 0;
      callback();  // May destroy this watch: touches nothing after it.
    });
  }
  void Cancel() {
    watcher_.Unwatch(watch_);
    watch_ = 0;
  }

 private:
  FdWatcher& watcher_;
  FdWatcher::WatchId watch_ = 0;
};

}  // namespace sluice::local
