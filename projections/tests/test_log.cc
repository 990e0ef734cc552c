#include "projections/tests/test_log.h"

#include <gtest/gtest.h>

#include "events/codec.h"
#include "machines/clusterconfig/settings.h"

namespace sluice::testing {

TestLog::TestLog(const KindRegistry& kinds, uint32_t partition) : kinds_(kinds) {
  state_.partition = partition;
  Open();
}

void TestLog::Open() {
  LogRecord record;
  record.partition = state_.partition;
  record.term = state_.term + 1;
  record.opened = Opened{};
  record.opened->epoch = Hash128{7, 7};
  record.opened->time = now_;
  record.opened->partitions = 1;
  if (state_.next_sequence == 0) record.opened->settings = ClusterConfigSpec{};
  Append(std::move(record), "");
}

TestLog::Slot& TestLog::SlotOf(const std::string& entity) {
  auto [at, is_new] = slots_.try_emplace(entity);
  if (is_new) {
    at->second.entity.kind = kinds_.Find(KeyOrDie(entity).kind);
    CHECK(at->second.entity.kind != nullptr);
    at->second.entity.state = at->second.entity.kind->make();
    at->second.entity.state->items.set_source(&at->second.items);
  }
  return at->second;
}

uint64_t TestLog::Decide(const std::string& entity, AnyTable payload, std::string id) {
  now_ = now_ + Duration::Millis(1);
  Slot& slot = SlotOf(entity);
  LogRecord record;
  record.partition = state_.partition;
  record.term = state_.term;
  record.decision = Decision{};
  Decision& decision = *record.decision;
  decision.command = Command{};
  decision.command->id = id;
  decision.command->entity = entity;
  decision.command->payload = std::move(payload);
  decision.command->actor = "tester";
  decision.command->derived_id = id.empty();
  decision.origin = Origin{.epoch = {7, 7},
                           .input = Input::kCommands,
                           .partition = state_.partition,
                           .offset = state_.next_commands};
  decision.time = now_;
  const ClusterConfigSpec settings;
  const DecideContext context{.self = KeyOrDie(entity),
                              .time = now_,
                              .origin = *decision.origin,
                              .actor = "tester",
                              .sender = "",
                              .partitions = 1,
                              .settings = &settings};
  StepResult step = DecideStep(*slot.entity.kind, *slot.entity.state, *decision.command, context);
  decision.verdict = step.verdict;
  if (step.rejection) {
    decision.rejection = RejectionRecord{.code = step.rejection->code,
                                         .field = step.rejection->field,
                                         .message = step.rejection->message};
  }
  for (AnyTable& event : step.events) decision.events.push_back(Event{.payload = event});
  decision.effects.timers = step.timers;
  if (step.after) {
    const bool moved = step.after->version != slot.entity.state->version;
    slot.entity.state = std::move(step.after);
    if (moved) slot.entity.sequence = state_.next_sequence;
    Items::Changes changes = slot.entity.state->items.TakeChanges();
    for (const auto& [key, value] : changes) slot.staged.insert_or_assign(key, value);
    slot.items.Take(std::move(changes));
  }
  decision.state_hash = slot.entity.state->Hash();
  decision.version = slot.entity.state->version;
  const std::string touched(FoldedEntity(decision));
  Append(std::move(record), touched);
  return state_.next_sequence - 1;
}

void TestLog::Append(LogRecord record, const std::string& entity) {
  record.sequence = state_.next_sequence;
  record.previous = state_.chain;
  records_.push_back(Pack(record));
  const auto folded = FoldPartition(state_, record, records_.back());
  ASSERT_TRUE(folded) << folded.error().message;
  AppliedRecord applied;
  applied.record = std::make_shared<const LogRecord>(std::move(record));
  if (!entity.empty()) {
    applied.after = SlotOf(entity).entity.state;
    touched_.push_back(entity);
  }
  batch_.records.push_back(std::move(applied));
}

AppliedBatch TestLog::TakeBatch() {
  for (const std::string& entity : touched_) {
    Slot& slot = SlotOf(entity);
    TouchedEntity& touched = batch_.touched[entity];
    touched.entity = slot.entity;
    for (auto& [key, value] : slot.staged) touched.items.insert_or_assign(key, value);
    slot.staged.clear();
  }
  touched_.clear();
  batch_.after = state_;
  return std::exchange(batch_, {});
}

ReadEvents TestLog::Reader(uint64_t limit) const {
  return [this, limit](uint64_t from, const EventVisitor& visit) -> Result<void> {
    for (uint64_t i = from; i < records_.size() && i < limit; ++i) {
      if (!visit(i, records_[i])) break;
    }
    return {};
  };
}

}  // namespace sluice::testing
