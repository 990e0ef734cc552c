// ForkPartition: one partition of a fork, decided by the engine's own Decider, one input at a time.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/decider.h"
#include "replay/fork_store.h"

namespace sluice::replay {

// Used by one thread. What a decision sends is returned; errors are those that end a term.
class ForkPartition {
 public:
  using Sent = std::vector<FollowUpRecord>;

  // `log` gets what is decided, and outlives this.
  ForkPartition(MemoryArchive& log, uint32_t partition)
      : kinds_(log.kinds()), clock_(Time{}), store_(kinds_, partition), log_(log, partition) {}

  // Begins a term as the recorded one began.
  Result<Sent> Open(const Opened& recorded);
  // As an import has closed the partition.
  Result<void> OpenEpoch(const Decision& recorded);
  // `offset` is the recorded one; a later one is taken where that has been passed.
  Result<Sent> DecideUsers(Time time, uint64_t offset, const Command& command);
  Result<Sent> DecideBytes(Time time, uint64_t offset, Bytes payload);
  Result<Sent> DecideInternal(Time time, uint64_t offset, Bytes payload);
  // The timer that fired in the record. Once the fork has `diverged`: if it is armed here, too.
  Result<Sent> DecideTimer(Time time, const Command& recorded, bool diverged);
  Result<Sent> DecideParked(Time time);
  // The timer that is due first.
  Result<Sent> DecideNextTimer(Time time);
  // Commands that wait for nothing any more.
  Result<Sent> DecideReleased(Time time);

  // Null: none is armed.
  const DueTimer* NextTimer() const { return decider_ ? decider_->NextDueTimer() : nullptr; }
  // The last record that was decided.
  const LogRecord& last() const { return *last_; }
  // Entities that were decided on since this was asked.
  std::set<std::string> TakeTouched() { return std::exchange(touched_, {}); }

  const EntityState* Find(std::string_view entity) const { return store_.Find(entity); }
  template <class Visitor>  // (entity, state)
  void Visit(const Visitor& visit) const {
    store_.Visit(visit);
  }
  const PartitionState& state() const { return store_.applied(); }
  Time decision_time() const { return state().decision_time; }

 private:
  Result<void> MakeDecider();
  Result<Sent> Decide(InputRecord record);
  Result<Sent> Commit();
  // Whether the last record is the decision on this timer.
  Result<bool> EndsWith(const TimerDue& timer, const std::string& entity);

  const KindRegistry& kinds_;
  ManualClock clock_;
  ForkStore store_;
  ForkLog log_;
  DeciderOptions options_;  // of the term
  std::unique_ptr<Decider> decider_;
  std::shared_ptr<const LogRecord> last_;
  std::set<std::string> touched_;
};

}  // namespace sluice::replay
