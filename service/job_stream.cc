#include "service/job_stream.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace sluice::service {
namespace {

constexpr size_t kWaitingBytesMax = size_t{4} << 20;

class JobStream final : public Stream {
 public:
  explicit JobStream(std::function<void(const LineSink&, std::stop_token)> job)
      : waker_(std::make_shared<Waker>()), thread_([this, job](std::stop_token stop) {
          job([this, stop](std::string line) { return Take(line, stop); }, stop);
          const std::lock_guard lock(mutex_);
          ended_ = true;
          waker_->Wake();
        }) {}

  ~JobStream() override {
    thread_.request_stop();
    taken_.notify_all();
  }

  Chunk Next() override {
    const std::lock_guard lock(mutex_);
    Chunk chunk;
    chunk.bytes = std::exchange(waiting_, {});
    chunk.end = ended_;
    taken_.notify_all();
    return chunk;
  }

  std::shared_ptr<Waker> waker() const override { return waker_; }

 private:
  bool Take(const std::string& line, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, stop, [this] { return waiting_.size() < kWaitingBytesMax; });
    if (stop.stop_requested()) return false;
    const bool was_empty = waiting_.empty();
    waiting_ += line;
    waiting_ += '\n';
    lock.unlock();
    if (was_empty) waker_->Wake();
    return true;
  }

  const std::shared_ptr<Waker> waker_;
  std::mutex mutex_;
  std::condition_variable_any taken_;
  std::string waiting_;  // guarded by mutex_
  bool ended_ = false;   // guarded by mutex_
  std::jthread thread_;  // last: it uses what stands above
};

}  // namespace

std::unique_ptr<Stream> MakeJobStream(
    std::function<void(const LineSink& sink, std::stop_token stop)> job) {
  return std::make_unique<JobStream>(std::move(job));
}

}  // namespace sluice::service
