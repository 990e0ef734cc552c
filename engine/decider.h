// Decider: from one input record to one decision, staged (design: the partition processor).
//
// Owns what is decided but not durable: the partition state as it will be, the entities, the
// timers. Everything it stages goes into the batch being built; nothing is taken back. When loading
// fails, or a commit does, the whole Decider is thrown away with its term and the next one reads
// the log. Used by the partition's thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/clock.h"
#include "engine/entity_cache.h"
#include "engine/journal/journal.h"
#include "engine/timer_queue.h"
#include "machines/common/step.h"

namespace sluice {

// Who waits in this process for which record of a batch.
struct WaitingCaller {
  uint64_t ticket = 0;
  std::shared_ptr<const LogRecord> record;
};

// A batch decided and not yet applied.
struct StagedBatch {
  uint64_t number = 0;
  CommitBatch commit;
  AppliedBatch applied;
  std::vector<WaitingCaller> callers;
  std::vector<CachedEntity*> entities;  // that `applied` touches; hot until it is applied
  size_t bytes = 0;
  bool empty() const { return commit.records.empty(); }
};

// Sent by a user, forwarded or not: no follow-up and no timer.
bool IsUsers(const Command& command);

struct DeciderOptions {
  std::string build;  // of this binary, for Opened
  std::string node;
  EntityCacheBounds cache;
};

class Decider {
 public:
  // `journal` is read for parked commands and repeated ones; committed records only.
  Decider(const KindRegistry& kinds, StateStore& store, PartitionJournal& journal,
          const Clock& clock, DeciderOptions options);

  // Fills the timers and the list of entities set aside from the store. Call once.
  Result<void> Start();

  // Begins the term: stages `Opened`.
  void StageOpened(Hash128 epoch, uint32_t partitions);

  // Decides one record of `commands` or `internal`. An error ends the term: kCorruption (a gap in
  // follow-ups, an unreadable one), kUnknownType, or whatever loading failed with.
  Result<void> DecideRecord(InputRecord&& record);
  // Decides at most `max` due timers; says how many.
  Result<size_t> DecideTimers(size_t max);
  // Decides at most `max` released parked commands; says how many.
  Result<size_t> DecideParked(size_t max);

  // What was staged since the last call.
  StagedBatch TakeBatch();
  const StagedBatch& batch() const { return batch_; }
  // `batch` is durable and in the store.
  void Applied(const StagedBatch& batch);

  const PartitionState& state() const { return state_; }
  Time NextTimer() const { return timers_.NextDue(); }
  const DueTimer* NextDueTimer() const { return timers_.Next(); }
  bool HasParkedWork() const { return !draining_.empty(); }

 private:
  Time DecisionTime(Time stamped, Time due) const;
  Origin MakeOrigin(Input input, uint64_t offset) const;
  DecideContext MakeContext(const Command& command, const EntityKey& key, const Origin& origin,
                            Time time) const;

  Result<void> DecideUserRecord(InputRecord&& record);
  Result<Command> DecodeCommand(InputRecord& record) const;
  Result<void> DecideInternalRecord(InputRecord&& record);
  Result<void> CheckKnown(const Command& command, uint64_t offset) const;
  Result<void> DecideCommand(Command command, const Origin& origin, Time time, uint64_t ticket);
  Result<void> DecideForEntity(Command command, CachedEntity& entity, const Origin& origin,
                               Time time, uint64_t ticket);
  // Duplicate or IdempotencyConflict, when the id of a user's command was used before.
  Result<std::optional<Decision>> Repeated(const Command& command, const CachedEntity& entity,
                                           Time time);
  // A "no" of the engine itself, or nothing: the machine is asked.
  Result<std::optional<Decision>> EngineVerdict(const Command& command, const CachedEntity& entity,
                                                const Origin& origin, Time time);
  Result<void> AskMachine(Command command, CachedEntity& entity, Decision decision,
                          uint64_t ticket);
  void Quarantine(Command command, CachedEntity& entity, Decision decision,
                  const std::string& reason, uint64_t ticket);
  Result<void> ReleaseEntity(Command command, CachedEntity& entity, Decision decision,
                             uint64_t ticket);
  // The command that the decision at `sequence` has parked.
  Result<Command> ParkedCommand(uint64_t sequence);
  void AdoptSettingsOf(Command command, const Origin& origin, Time time);
  void Forward(Command command, const EntityKey& key, const Origin& origin, Time time,
               uint64_t ticket);
  void RejectWithoutEntity(Command command, Rejection rejection, const Origin& origin, Time time,
                           uint64_t ticket);
  void DeadLetterRecord(InputRecord&& record, const std::string& reason);

  Effects NumberEffects(std::vector<FollowUpDraft> follow_ups, std::vector<TimerChange> timers,
                        const Command& cause) const;
  // The next record of the log, complete.
  LogRecord RecordOf(Decision decision) const;
  // Appends the record, moves the partition state on and, with `entity`, stages its new state.
  void Stage(Decision decision, CachedEntity* entity, std::shared_ptr<EntityState> after,
             uint64_t ticket);
  // The same of a record that is packed already.
  void StageRecord(LogRecord record, Bytes bytes, CachedEntity* entity,
                   std::shared_ptr<EntityState> after, uint64_t ticket);
  void Append(LogRecord record, Bytes bytes, uint64_t ticket,
              std::shared_ptr<const EntityState> after);
  void TrackMarks(const CachedEntity& entity);

  const KindRegistry& kinds_;
  StateStore& store_;
  PartitionJournal& journal_;
  const Clock& clock_;
  DeciderOptions options_;
  PartitionState state_;  // with everything staged
  EntityCache cache_;
  TimerQueue timers_;
  // Quarantined entities' timers that came due; armed again by Release.
  std::multimap<std::string, DueTimer> waiting_timers_;
  std::set<std::string> draining_;      // released, with parked commands left
  std::map<uint64_t, Command> parked_;  // staged only, by the sequence of the decision
  uint64_t committed_sequence_ = 0;
  StagedBatch batch_;
  uint64_t next_batch_ = 1;
};

}  // namespace sluice
