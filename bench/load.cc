#include "bench/load.h"

#include <sys/prctl.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/prompt_thread.h"

namespace sluice::bench {
namespace {

using TimePoint = SteadyClock::time_point;

// Where answers come together. Outlives the load: callbacks hold it.
class Answers {
 public:
  void Arrived(TimePoint since, const Result<CallerAnswer>& answer) {
    const TimePoint now = SteadyClock::now();
    const std::lock_guard lock(mutex_);
    ++answered_;
    last_ = now;
    if (!answer) {
      if (!error_) error_ = answer.error();
    } else if (!answer->result.accepted && !error_) {
      const auto& rejection = answer->result.rejection;
      error_ = Error{ErrorCode::kInvalid, answer->result.entity + " was rejected: " +
                                              (rejection ? rejection->message : "no reason")};
    }
    latencies_.Add(std::chrono::duration<double, std::micro>(now - since).count());
    if (waited_for_ != 0 && answered_ >= waited_for_) arrived_.notify_one();
  }

  // Waits until at least `count` answers are there; says how many are.
  uint64_t WaitFor(uint64_t count) {
    std::unique_lock lock(mutex_);
    waited_for_ = count;
    arrived_.wait(lock, [&] { return answered_ >= count; });
    waited_for_ = 0;
    return answered_;
  }

  bool failed() {
    const std::lock_guard lock(mutex_);
    return error_.has_value();
  }

  Result<LoadResult> Take(TimePoint began) {
    const std::lock_guard lock(mutex_);
    if (error_) return tl::unexpected<Error>(*error_);
    LoadResult result;
    result.answered = answered_;
    result.seconds = std::chrono::duration<double>(last_ - began).count();
    result.latencies = std::move(latencies_);
    return result;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  uint64_t answered_ = 0;
  uint64_t waited_for_ = 0;
  TimePoint last_;
  std::optional<Error> error_;
  Latencies latencies_;
};

void Send(Node& node, Command command, TimePoint since, const std::shared_ptr<Answers>& answers) {
  node.Submit(std::move(command), [since, answers](Result<CallerAnswer> answer) {
    // A deferred reply is answered twice; the decision is what counts here.
    if (answer && !answer->final) return;
    answers->Arrived(since, answer);
  });
}

TimePoint After(TimePoint from, Duration time) { return from + std::chrono::microseconds(time.us); }

}  // namespace

Result<LoadResult> RunClosedLoop(Node& node, size_t in_flight, const CommandSource& source,
                                 Duration for_at_most, std::stop_token stop) {
  auto answers = std::make_shared<Answers>();
  const TimePoint began = SteadyClock::now();
  const TimePoint end = After(began, for_at_most);
  // Sent in small groups: waking the sender for every single answer would cost more than sending.
  const uint64_t group = std::max<uint64_t>(1, in_flight / 8);
  uint64_t sent = 0;
  uint64_t answered = 0;
  bool more = true;
  while (more && !stop.stop_requested() && !answers->failed()) {
    if (for_at_most.us > 0 && SteadyClock::now() >= end) break;
    while (sent < answered + in_flight + group) {
      std::optional<Command> command = source(sent);
      if (!command) {
        more = false;
        break;
      }
      Send(node, std::move(*command), SteadyClock::now(), answers);
      ++sent;
    }
    if (more) answered = answers->WaitFor(std::min(sent, answered + group));
  }
  answers->WaitFor(sent);
  return answers->Take(began);
}

Result<LoadResult> RunOpenLoop(Node& node, uint64_t per_s, const CommandSource& source,
                               Duration time, std::stop_token stop) {
  // Else it would wake up 50 us late each time, or when a compaction's slice of the processor is
  // over, and count that as the node's.
  BecomePromptThread("load");
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  auto answers = std::make_shared<Answers>();
  const TimePoint began = SteadyClock::now();
  const auto total = static_cast<uint64_t>(time.us) * per_s / 1'000'000;
  uint64_t sent = 0;
  while (sent < total && !stop.stop_requested() && !answers->failed()) {
    const auto due = [&](uint64_t n) {
      return After(began, Duration::Micros(static_cast<int64_t>(n * 1'000'000 / per_s)));
    };
    for (const TimePoint now = SteadyClock::now(); sent < total && due(sent) <= now; ++sent) {
      std::optional<Command> command = source(sent);
      if (!command) return Err(ErrorCode::kInvalid, "the load ended early");
      Send(node, std::move(*command), due(sent), answers);
    }
    if (sent < total) std::this_thread::sleep_until(due(sent));
  }
  answers->WaitFor(sent);
  return answers->Take(began);
}

}  // namespace sluice::bench
