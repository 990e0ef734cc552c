// PartitionRunner: the thread of one partition. Recovers its store, opens a term, and steps the
// processor until told to stop; a term that ended on something passing is followed by the next.
// While the partition is another process's it keeps the store up to what that one commits, or,
// where the node keeps none of it, only looks for the decisions that callers here wait for.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/partition_processor.h"
#include "projections/partition_store.h"

namespace sluice {

enum class RunnerState : uint8_t {
  kRecovering = 0,  // Reads the log. Entered at start and after a term ended.
  kOpen = 1,        // Decides. Entered once `Opened` is durable; left by an error or Stop.
  kWaiting = 2,     // Between two terms, after something that may pass.
  kStopped = 3,     // Corruption or an unknown type: nothing heals it here. Or told to stop.
  kFollowing =
      4,  // Another process decides; the store follows. `reason` says what keeps it from it.
  kCold =
      5,  // Another process decides, and the store is left where it is: nothing is read from it.
};

struct RunnerStatus {
  RunnerState state = RunnerState::kRecovering;
  std::string reason;  // of kWaiting, kStopped, kFollowing and kCold
  uint64_t term = 0;
  uint64_t decided_next = 0;  // next sequence, staged ones counted
  // Of kOpen: inputs without a durable decision, where the journal knows.
  std::optional<uint64_t> inputs_waiting;
  uint64_t recovered = 0;  // records read so far in kRecovering
  uint64_t recover_end = 0;
};

class PartitionRunner {
 public:
  // `on_stopped` is called once, on the runner's thread, after Status() says kStopped.
  // `keeps_warm`: whether the store is to follow another process's decisions; null: always.
  PartitionRunner(Journal& journal, PartitionStore& store, const Clock& clock,
                  ProcessorListener& listener, ProcessorOptions options,
                  std::function<void(const std::string& reason)> on_stopped,
                  std::function<bool()> keeps_warm = nullptr);
  ~PartitionRunner();  // stops

  void Start();
  // Instead of Start: brings the store up to the log on the caller's thread, opens no term and
  // decides nothing. Afterwards its state is kStopped.
  Result<void> RecoverOnly();
  // Commits what is decided, takes nothing more, and ends the thread.
  void Stop();
  void Wake();
  // Any thread.
  RunnerStatus Status() const;
  // Whether Status() says kStopped.
  bool stopped() const { return stopped_.load(std::memory_order_acquire); }
  // Whether the store has been brought up to the log since it began to be kept here. Any thread.
  bool caught_up() const { return caught_up_.load(std::memory_order_acquire); }

 private:
  void Run();
  // Terms until nothing here heals what ended one; says what that was.
  std::string RunTerms();
  Result<void> RunTerm();
  Result<void> RunTermCatching();
  Result<void> Follow();
  Result<void> RecoverStore(RunnerState shown);
  // Reads what has appeared in the log for decisions that are awaited, past the store.
  Result<void> WatchDecisions();
  bool Leaving() const;
  void SetStatus(RunnerState state, std::string reason);
  void WaitUntilWoken(Time next_timer);

  Journal& journal_;
  PartitionStore& store_;
  const Clock& clock_;
  ProcessorListener& listener_;
  ProcessorOptions options_;
  std::function<void(const std::string&)> on_stopped_;
  std::function<bool()> keeps_warm_;
  uint64_t watched_ = 0;  // of the thread: decisions below were looked at for those who wait
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  RunnerStatus status_;
  std::atomic<bool> stopped_{false};  // Written with status_, read without its mutex.
  std::atomic<bool> caught_up_{false};
  std::thread thread_;
};

}  // namespace sluice
