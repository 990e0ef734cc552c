#include "engine/partition_runner.h"

#include <algorithm>
#include <chrono>

#include "engine/prompt_thread.h"
#include "events/codec.h"
#include "projections/record_head.h"
#include "projections/recovery.h"

namespace sluice {
namespace {

// Longest sleep without a wake-up: the host's clock may be set while a timer is waited for.
constexpr Duration kSleepMax = Duration::Millis(500);
constexpr Duration kBackOffFirst = Duration::Millis(100);
constexpr Duration kBackOffLast = Duration::Seconds(10);

bool MayPass(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kIo:
      return true;
    // Whoever took it over owns it: taking it back would only fence that one in turn.
    case ErrorCode::kFenced:
    case ErrorCode::kInvalid:
    case ErrorCode::kCorruption:
    case ErrorCode::kNotFound:
    case ErrorCode::kUnknownType:
      return false;
  }
  Unreachable();
}

}  // namespace

PartitionRunner::PartitionRunner(Journal& journal, PartitionStore& store, const Clock& clock,
                                 ProcessorListener& listener, ProcessorOptions options,
                                 std::function<void(const std::string&)> on_stopped,
                                 std::function<bool()> keeps_warm)
    : journal_(journal),
      store_(store),
      clock_(clock),
      listener_(listener),
      options_(std::move(options)),
      on_stopped_(std::move(on_stopped)),
      keeps_warm_(std::move(keeps_warm)) {}

PartitionRunner::~PartitionRunner() { Stop(); }

void PartitionRunner::Start() {
  // Nobody waits yet for what is in the log.
  watched_ = journal_.EndSequence(store_.partition()).value_or(0);
  thread_ = std::thread([this] {
    BecomePromptThread(fmt::format("partition-{}", store_.partition()));
    Run();
  });
}

Result<void> PartitionRunner::RecoverOnly() {
  auto recovered = RecoverStore(RunnerState::kRecovering);
  SetStatus(RunnerState::kStopped,
            recovered ? "it is only read here" : ToString(recovered.error()));
  return recovered;
}

void PartitionRunner::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PartitionRunner::Wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_all();
}

RunnerStatus PartitionRunner::Status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void PartitionRunner::SetStatus(RunnerState state, std::string reason) {
  const std::lock_guard lock(mutex_);
  status_.state = state;
  status_.inputs_waiting = std::nullopt;
  status_.reason = std::move(reason);
  stopped_.store(state == RunnerState::kStopped, std::memory_order_release);
}

void PartitionRunner::WaitUntilWoken(Time next_timer) {
  Duration sleep = kSleepMax;
  if (next_timer.IsSet()) {
    sleep = std::clamp(next_timer - clock_.Now(), Duration::Micros(1), kSleepMax);
  }
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::microseconds(sleep.us), [&] { return woken_ || stopping_; });
  woken_ = false;
}

void PartitionRunner::Run() {
  const std::string reason = RunTerms();
  SetStatus(RunnerState::kStopped, reason);
  on_stopped_(reason);
}

std::string PartitionRunner::RunTerms() {
  Duration back_off = kBackOffFirst;
  while (true) {
    const Time began = clock_.Now();
    const Result<void> ended = RunTermCatching();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return "told to stop";
    }
    // Closed in good order, or fenced: whose it is now the journal knows.
    const bool given_away = ended ? true
                                  : ended.error().code == ErrorCode::kFenced &&
                                        !journal_.IsAssigned(store_.partition());
    if (given_away) continue;
    if (!MayPass(ended.error())) return ToString(ended.error());
    SetStatus(RunnerState::kWaiting, ToString(ended.error()));
    if (clock_.Now() - began > kBackOffLast) back_off = kBackOffFirst;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::chrono::microseconds(back_off.us), [&] { return stopping_; });
    if (stopping_) return "told to stop";
    back_off = std::min(back_off * 2, kBackOffLast);
  }
}

// What is thrown past the processor comes from outside any one decision: projecting an entity, say.
Result<void> PartitionRunner::RunTermCatching() {
  try {
    return journal_.IsAssigned(store_.partition()) ? RunTerm() : Follow();
  } catch (const InvariantViolation& violation) {
    return Err(ErrorCode::kCorruption, "{}", violation.what());
  } catch (const LoadFailure& failure) {
    return Err(ErrorCode::kIo, "{}", failure.what());
  }
}

bool PartitionRunner::Leaving() const {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return true;
  }
  return !journal_.IsAssigned(store_.partition());
}

// Until the partition is assigned to this process.
Result<void> PartitionRunner::Follow() {
  const uint32_t partition = store_.partition();
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return {};
    }
    if (journal_.IsAssigned(partition)) return {};
    const bool warm = !keeps_warm_ || keeps_warm_();
    if (!warm) caught_up_.store(false, std::memory_order_release);
    auto followed = warm ? RecoverStore(RunnerState::kFollowing) : WatchDecisions();
    if (!followed) return followed;
    SetStatus(warm ? RunnerState::kFollowing : RunnerState::kCold, journal_.FollowFault(partition));
    WaitUntilWoken(Time{});
  }
}

Result<void> PartitionRunner::WatchDecisions() {
  const uint32_t partition = store_.partition();
  watched_ = std::max(watched_, store_.NextSequence());
  std::vector<std::shared_ptr<const LogRecord>> awaited;
  RecordHead head;
  Result<void> unpacked;
  auto read = journal_.ReadEvents(partition, watched_, [&](uint64_t at, std::string_view bytes) {
    watched_ = at + 1;
    const bool known = ReadRecordHead(bytes, &head);
    if (known && !listener_.Awaits(head.record)) return true;
    auto record = Unpack<LogRecord>(bytes);
    if (!record) {
      unpacked = tl::unexpected<Error>(std::move(record.error()));
      return false;
    }
    if (record->decision && listener_.Awaits(*record)) {
      awaited.push_back(std::make_shared<const LogRecord>(*std::move(record)));
    }
    return true;
  });
  if (!read) return read;
  if (!unpacked) return unpacked;
  listener_.OnFollowed(partition, awaited);
  return {};
}

Result<void> PartitionRunner::RecoverStore(RunnerState shown) {
  const uint32_t partition = store_.partition();
  const Result<uint64_t> end = journal_.EndSequence(partition);
  if (!end) return tl::unexpected<Error>(end.error());
  // A few records of others are followed; to read many takes a while, and is shown.
  constexpr uint64_t kManyRecords = 10'000;
  if (shown == RunnerState::kRecovering || *end > store_.NextSequence() + kManyRecords) {
    SetStatus(RunnerState::kRecovering, "");
  }
  RecoveryOptions options;
  options.read = [this, partition](uint64_t from, const EventVisitor& visit) {
    return journal_.ReadEvents(partition, from, visit);
  };
  options.end_sequence = *end;
  options.batch_bytes = kReplayBytesMax / journal_.partition_count();
  options.on_progress = [this](const RecoveryProgress& progress) {
    const std::lock_guard lock(mutex_);
    status_.recovered = progress.applied;
    status_.recover_end = progress.end;
  };
  std::vector<std::shared_ptr<const LogRecord>> awaited;
  options.awaits = [this](const LogRecord& head) { return listener_.Awaits(head); };
  options.on_decision = [&](const LogRecord& record) {
    awaited.push_back(std::make_shared<const LogRecord>(record));
  };
  const Result<RecoveryReport> report = Recover(store_, options);
  if (!report) return tl::unexpected<Error>(report.error());
  caught_up_.store(true, std::memory_order_release);
  listener_.OnFollowed(partition, awaited);
  return {};
}

Result<void> PartitionRunner::RunTerm() {
  auto opened = journal_.OpenPartition(store_.partition());
  if (!opened) return tl::unexpected<Error>(std::move(opened.error()));
  if (auto recovered = RecoverStore(RunnerState::kRecovering); !recovered) return recovered;
  PartitionProcessor processor(store_.kinds(), store_, std::move(*opened), clock_, listener_,
                               options_);
  processor.SetWakeup([this] { Wake(); });
  if (auto started = processor.Start(journal_.epoch(), journal_.partition_count()); !started) {
    return started;
  }
  bool stopping = false;
  while (true) {
    const Result<bool> worked = stopping ? processor.Drain() : processor.Step();
    if (!worked) return tl::unexpected<Error>(worked.error());
    // Asked first: the journal's locks are held where it wakes this runner, which takes its mutex.
    const auto inputs_waiting = processor.InputsWaiting();
    {
      const std::lock_guard lock(mutex_);
      status_.term = processor.state().term;
      status_.decided_next = processor.state().next_sequence;
      status_.inputs_waiting = inputs_waiting;
      if (processor.InputsStarted()) status_.state = RunnerState::kOpen;
    }
    stopping = Leaving();
    if (*worked) continue;
    if (stopping && processor.Idle()) return {};
    // Decisions of an earlier term may be told to their callers only now.
    listener_.OnFollowed(store_.partition(), {});
    WaitUntilWoken(processor.NextTimer());
  }
}

}  // namespace sluice
