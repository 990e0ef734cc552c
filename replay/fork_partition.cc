#include "replay/fork_partition.h"

#include <algorithm>

#include "events/codec.h"

namespace sluice::replay {
namespace {

constexpr int kTimersBeforeMax = 10'000;

}  // namespace

Result<ForkPartition::Sent> ForkPartition::Open(const Opened& recorded) {
  clock_.Set(recorded.time);
  options_.build = recorded.build;
  options_.node = recorded.node;
  if (auto made = MakeDecider(); !made) return tl::unexpected(made.error());
  decider_->StageOpened(recorded.epoch, recorded.partitions);
  return Commit();
}

Result<void> ForkPartition::MakeDecider() {
  decider_ = std::make_unique<Decider>(kinds_, store_, log_, clock_, options_);
  return decider_->Start();
}

Result<void> ForkPartition::OpenEpoch(const Decision& recorded) {
  LogRecord record;
  AppliedBatch applied;
  applied.after = store_.applied();
  record.partition = applied.after.partition;
  record.term = applied.after.term;
  record.sequence = applied.after.next_sequence;
  record.previous = applied.after.chain;
  record.decision = recorded;
  record.decision->time = applied.after.decision_time;
  const Bytes bytes = Pack(record);
  if (auto folded = FoldPartition(applied.after, record, bytes); !folded) return folded;
  log_.Commit({.first_sequence = record.sequence, .records = {bytes}}, [](const Result<void>&) {});
  applied.records.push_back({std::make_shared<const LogRecord>(std::move(record)), nullptr, {}});
  if (auto stored = store_.Apply(applied); !stored) return stored;
  return MakeDecider();
}

Result<ForkPartition::Sent> ForkPartition::Commit() {
  Sent sent;
  if (decider_->batch().empty()) return sent;
  StagedBatch batch = decider_->TakeBatch();
  last_ = batch.applied.records.back().record;
  for (const auto& [entity, touched] : batch.applied.touched) touched_.insert(entity);
  sent = batch.commit.follow_ups;
  Result<void> committed;
  log_.Commit(std::move(batch.commit), [&](Result<void> done) { committed = std::move(done); });
  if (!committed) return tl::unexpected(committed.error());
  if (auto applied = store_.Apply(batch.applied); !applied) return tl::unexpected(applied.error());
  decider_->Applied(batch);
  return sent;
}

Result<ForkPartition::Sent> ForkPartition::Decide(InputRecord record) {
  if (!decider_) return Err(ErrorCode::kCorruption, "the log does not begin with a term");
  clock_.Set(record.timestamp);
  if (auto decided = decider_->DecideRecord(std::move(record)); !decided) {
    return tl::unexpected(decided.error());
  }
  return Commit();
}

Result<ForkPartition::Sent> ForkPartition::DecideUsers(Time time, uint64_t offset,
                                                       const Command& command) {
  return DecideBytes(time, offset, Pack(command));
}

Result<ForkPartition::Sent> ForkPartition::DecideBytes(Time time, uint64_t offset, Bytes payload) {
  InputRecord record;
  record.input = Input::kCommands;
  record.offset = std::max(offset, decider_ ? decider_->state().next_commands : 0);
  record.timestamp = time;
  record.payload = std::move(payload);
  return Decide(std::move(record));
}

Result<ForkPartition::Sent> ForkPartition::DecideInternal(Time time, uint64_t offset,
                                                          Bytes payload) {
  InputRecord record;
  record.input = Input::kInternal;
  record.offset = std::max(offset, decider_ ? decider_->state().next_internal : 0);
  record.timestamp = time;
  record.payload = std::move(payload);
  return Decide(std::move(record));
}

Result<ForkPartition::Sent> ForkPartition::DecideTimer(Time time, const Command& recorded,
                                                       bool diverged) {
  const TimerDue& timer = *recorded.payload.As<TimerDue>();
  Sent all;
  if (diverged) {
    const EntityState* entity = Find(recorded.entity);
    if (entity == nullptr || ArmedTimer(entity->relations_part(), timer.id) != timer.due) {
      return all;
    }
  }
  for (int i = 0; i < kTimersBeforeMax; ++i) {
    clock_.Set(time);
    auto decided = decider_->DecideTimers(1);
    if (!decided) return tl::unexpected(decided.error());
    auto sent = Commit();
    if (!sent) return sent;
    for (FollowUpRecord& one : *sent) all.push_back(std::move(one));
    // One that is due before it, where the fork has armed another.
    if (*decided == 0) break;
    auto reached = EndsWith(timer, recorded.entity);
    if (!reached) return tl::unexpected(reached.error());
    if (*reached) break;
  }
  return all;
}

Result<bool> ForkPartition::EndsWith(const TimerDue& timer, const std::string& entity) {
  if (log_.EndSequence() == 0) return false;
  bool is_on = false;
  auto read = log_.ReadEvents(log_.EndSequence() - 1, [&](uint64_t, std::string_view bytes) {
    const auto record = Unpack<LogRecord>(bytes);
    if (!record || !record->decision || !record->decision->command) return false;
    const auto* due = record->decision->command->payload.As<TimerDue>();
    is_on = due != nullptr && record->decision->command->entity == entity && due->id == timer.id;
    return false;
  });
  if (!read) return tl::unexpected(read.error());
  return is_on;
}

Result<ForkPartition::Sent> ForkPartition::DecideParked(Time time) {
  clock_.Set(time);
  auto decided = decider_->DecideParked(1);
  if (!decided) return tl::unexpected(decided.error());
  return Commit();
}

Result<ForkPartition::Sent> ForkPartition::DecideNextTimer(Time time) {
  clock_.Set(time);
  if (auto decided = decider_->DecideTimers(1); !decided) return tl::unexpected(decided.error());
  return Commit();
}

Result<ForkPartition::Sent> ForkPartition::DecideReleased(Time time) {
  Sent all;
  for (uint64_t before = UINT64_MAX; decider_ && decider_->HasParkedWork();) {
    // What is left is parked anew.
    if (std::exchange(before, state().next_sequence) == state().next_sequence) break;
    auto sent = DecideParked(time);
    if (!sent) return sent;
    for (FollowUpRecord& one : *sent) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace sluice::replay
