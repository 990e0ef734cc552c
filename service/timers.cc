#include "service/timers.h"

namespace sluice::service {

class ThreadTimers::Armed : public Registration {
 public:
  Armed(std::shared_ptr<State> state, Due due) : state_(std::move(state)), due_(due) {}
  ~Armed() override {
    std::function<void()> dropped;  // destroyed outside the lock: it may hold anything
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->armed.find(due_);
    if (found == state_->armed.end()) return;
    dropped = std::move(found->second);
    state_->armed.erase(found);
  }

 private:
  std::shared_ptr<State> state_;
  Due due_;
};

ThreadTimers::ThreadTimers()
    : state_(std::make_shared<State>()), thread_([state = state_] { Run(*state); }) {}

ThreadTimers::~ThreadTimers() {
  std::map<Due, std::function<void()>> dropped;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_one();
  thread_.join();
  const std::lock_guard lock(state_->mutex);
  dropped.swap(state_->armed);
}

std::unique_ptr<Registration> ThreadTimers::After(std::chrono::milliseconds delay,
                                                  std::function<void()> fire) {
  bool first = false;
  Due due;
  {
    const std::lock_guard lock(state_->mutex);
    due = {Clock::now() + delay, state_->next++};
    const auto at = state_->armed.emplace(due, std::move(fire)).first;
    first = at == state_->armed.begin();
  }
  if (first) state_->changed.notify_one();
  return std::make_unique<Armed>(state_, due);
}

void ThreadTimers::Run(State& state) {
  std::unique_lock lock(state.mutex);
  while (!state.stopping) {
    if (state.armed.empty()) {
      state.changed.wait(lock);
      continue;
    }
    const auto first = state.armed.begin();
    const Clock::time_point due = first->first.first;
    if (Clock::now() < due) {
      state.changed.wait_until(lock, due);
      continue;
    }
    std::function<void()> fire = std::move(first->second);
    state.armed.erase(first);
    lock.unlock();
    fire();
    fire = nullptr;
    lock.lock();
  }
}

}  // namespace sluice::service
