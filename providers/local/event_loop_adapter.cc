#include <fcntl.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_map>

#include "events/result.h"
#include "providers/local/event_loop.h"

namespace sluice::local {
namespace asio = boost::asio;

struct EventLoop::State {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  uint64_t last_id = 0;
  std::unordered_map<TimerId, asio::steady_timer> timers;
  std::unordered_map<WatchId, asio::posix::stream_descriptor> watches;
};

EventLoop::EventLoop() : state_(std::make_unique<State>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::Run() { state_->context.run(); }
void EventLoop::RunOne() { state_->context.run_one(); }
void EventLoop::Post(std::function<void()> work) { asio::post(state_->context, std::move(work)); }
void EventLoop::Stop() { state_->context.stop(); }
void EventLoop::Resume() { state_->context.restart(); }

Micros EventLoop::Now() const {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch());
}

Scheduler::TimerId EventLoop::Schedule(Micros delay, std::function<void()> callback) {
  const TimerId id = ++state_->last_id;
  auto& timer =
      state_->timers.emplace(id, asio::steady_timer(state_->context, delay)).first->second;
  timer.async_wait([this, id, callback = std::move(callback)](const boost::system::error_code&) {
    // A cancelled timer is erased, even when its callback was already queued.
    if (state_->timers.erase(id) == 1) callback();
  });
  return id;
}

void EventLoop::Cancel(TimerId timer) { state_->timers.erase(timer); }

FdWatcher::WatchId EventLoop::Watch(int fd, Interest interest, std::function<void()> callback) {
  const WatchId id = ++state_->last_id;
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  CHECK(own >= 0);
  auto& descriptor =
      state_->watches.emplace(id, asio::posix::stream_descriptor(state_->context, own))
          .first->second;
  const auto wait = interest == Interest::kRead ? asio::posix::descriptor_base::wait_read
                                                : asio::posix::descriptor_base::wait_write;
  descriptor.async_wait(
      wait, [this, id, callback = std::move(callback)](const boost::system::error_code&) {
        if (state_->watches.erase(id) == 1) callback();
      });
  return id;
}

void EventLoop::Unwatch(WatchId watch) { state_->watches.erase(watch); }

}  // namespace sluice::local
