// PartitionProcessor: one partition in one term. Polls inputs, decides, commits, applies, answers.
//
// Owns no thread: whoever drives it calls Step until it says there is nothing to do, then waits for
// the wake-up or the next timer. The simulator drives it by hand. Batches are decided while those
// before them commit; what has become durable meanwhile is applied at once, as one. Callers are
// answered after the projections hold what they are told, so a read after an answer sees it.
//
// Any error of Step ends the term: destroy the processor and make a new one, which finds out what
// is true by reading the log.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "engine/decider.h"

namespace sluice {

// What a partition tells the node. Called on the partition's thread.
class ProcessorListener {
 public:
  virtual ~ProcessorListener() = default;
  // The decision of the record with this ticket is durable and applied.
  virtual void OnDecided(uint64_t ticket, std::shared_ptr<const LogRecord> record) = 0;
  // After every applied batch.
  virtual void OnApplied(const AppliedBatch& batch) = 0;
  // The term ended first: whether the record with this ticket is decided, only the log can tell.
  virtual void OnAbandoned(uint64_t /*ticket*/) {}
  // Whether OnFollowed wants to have this decision: one read from the log, of another term.
  virtual bool Awaits(const LogRecord& /*record*/) const { return false; }
  // Decisions read from the log are applied: those that are awaited, and then perhaps none.
  virtual void OnFollowed(uint32_t /*partition*/,
                          const std::vector<std::shared_ptr<const LogRecord>>& /*records*/) {}
  // From decided to durable.
  virtual void OnCommitted(size_t records, Duration latency) = 0;
};

struct ProcessorOptions {
  DeciderOptions decider;
  // Shares of one batch, so that no input starves another.
  size_t commands_per_batch = 512;
  size_t internal_per_batch = 512;
  size_t timers_per_batch = 128;
  size_t parked_per_batch = 64;
  size_t batch_bytes_max = 4 << 20;
};

class PartitionProcessor {
 public:
  // `store` has been recovered to the end of the journal's events.
  PartitionProcessor(const KindRegistry& kinds, StateStore& store,
                     std::unique_ptr<PartitionJournal> journal, const Clock& clock,
                     ProcessorListener& listener, ProcessorOptions options);
  // Tells those whose records it had taken and not decided durably.
  ~PartitionProcessor();

  // Opens the term: commits `Opened` and begins with the inputs once it is durable.
  Result<void> Start(Hash128 epoch, uint32_t partitions);

  // Does what there is to do now, without waiting. True: it did something, so call again.
  Result<bool> Step();

  // Called from any thread when there may be something to do.
  void SetWakeup(std::function<void()> wakeup);

  // Only finishes what is decided; polls no more. For a partition that is to stop.
  Result<bool> Drain() { return FinishCommits(); }

  // When a timer is due next; unset if none is armed.
  Time NextTimer() const { return decider_.NextTimer(); }
  // Nothing is staged or in flight.
  bool Idle() const { return in_flight_.empty(); }
  // `Opened` is durable and inputs are being decided.
  bool InputsStarted() const { return inputs_started_; }
  // Input records without a durable decision, with those that wait for the disk or the broker
  // counted by their decisions; nullopt where the journal does not know.
  std::optional<uint64_t> InputsWaiting() const;
  const PartitionState& state() const { return decider_.state(); }

 private:
  struct Flight {
    StagedBatch batch;
    Time handed_in;
  };
  // Written by the journal's thread.
  struct Completions {
    std::mutex mutex;
    std::deque<Result<void>> done;
  };

  Result<bool> FinishCommits();
  // `batch` is durable: into the projections, then to those who wait.
  Result<void> Apply(StagedBatch& batch);
  Result<bool> DecideBatch();
  Result<void> DecideRecords(std::vector<InputRecord> records);
  void Abandon(const StagedBatch& batch);
  void Commit();

  StateStore& store_;
  const Clock& clock_;
  ProcessorListener& listener_;
  ProcessorOptions options_;
  std::shared_ptr<Completions> completions_ = std::make_shared<Completions>();
  std::unique_ptr<PartitionJournal> journal_;
  Decider decider_;
  std::deque<Flight> in_flight_;
  bool inputs_started_ = false;
};

}  // namespace sluice
