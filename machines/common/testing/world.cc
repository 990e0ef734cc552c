#include "machines/common/testing/world.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "machines/clusterconfig/settings.h"

namespace sluice::testing {

World::World(const KindRegistry& kinds, uint32_t partitions)
    : settings(DefaultSettings()), kinds_(kinds), partitions_(partitions) {}

uint32_t World::PartitionOf(std::string_view entity) const {
  return static_cast<uint32_t>(Xxh128(entity).lo % partitions_);
}

World::Slot& World::SlotOf(std::string_view entity) {
  if (const auto found = slots_.find(entity); found != slots_.end()) return found->second;
  Slot slot;
  slot.kind = kinds_.Find(KeyOrDie(entity).kind);
  if (!slot.kind) throw InvariantViolation("no kind for " + std::string(entity));
  slot.items = std::make_unique<MapItems>();
  slot.state = slot.kind->make();
  slot.state->items.set_source(slot.items.get());
  slot.replayed_items = std::make_unique<MapItems>();
  slot.replayed = slot.kind->make();
  slot.replayed->items.set_source(slot.replayed_items.get());
  return slots_.emplace(std::string(entity), std::move(slot)).first->second;
}

const EntityState& World::State(std::string_view entity) const {
  return *const_cast<World*>(this)->SlotOf(entity).state;
}

std::string World::Json(std::string_view entity) const {
  const EntityState& state = State(entity);
  return ToJson(state.root_type(), state.root());
}

std::vector<PendingAction> World::Pending(std::string_view entity) const {
  const Slot& slot = const_cast<World*>(this)->SlotOf(entity);
  return slot.kind->pending && slot.state->Exists() ? slot.kind->pending(*slot.state)
                                                    : std::vector<PendingAction>{};
}

std::vector<std::string> World::EntityKeys() const {
  std::vector<std::string> keys;
  for (const auto& [key, slot] : slots_) keys.push_back(key);
  return keys;
}

size_t World::undelivered() const {
  size_t count = 0;
  for (const auto& [route, queue] : queues_) count += queue.size();
  return count;
}

Command World::MakeCommand(std::string_view entity, AnyTable payload) {
  Command command;
  command.entity = entity;
  command.payload = std::move(payload);
  return command;
}

Decision World::SendAny(std::string_view entity, AnyTable payload, std::string_view sender) {
  Command command = MakeCommand(entity, std::move(payload));
  if (sender.empty()) return Decide(std::move(command), Input::kCommands);
  command.source = FollowUpSource{.epoch = {1, 2},
                                  .partition = PartitionOf(sender),
                                  .term = 1,
                                  .number = next_offset_++,
                                  .sequence = decisions_.size(),
                                  .entity = std::string(sender)};
  return Decide(std::move(command), Input::kInternal);
}

void World::Apply(std::string_view entity, std::vector<AnyTable> events) {
  Slot& slot = SlotOf(entity);
  Decision decision;
  decision.command = MakeCommand(entity, {});
  decision.origin =
      Origin{.epoch = {1, 2}, .input = Input::kCommands, .partition = 0, .offset = next_offset_++};
  decision.time = now_;
  for (AnyTable& event : events) decision.events.push_back({.payload = std::move(event)});
  FoldDecision(*slot.kind, *slot.state, decision);
  slot.items->Take(slot.state->items.TakeChanges());
  decision.version = slot.state->version;
  decision.state_hash = slot.state->Hash();
  Replay(slot, decision);
}

Decision World::SendJson(std::string_view entity, std::string_view command, std::string_view json) {
  const CommandInfo* info = SlotOf(entity).kind->FindCommandByWireName(command);
  if (!info) throw InvariantViolation("no command " + std::string(command));
  void* table = nullptr;
  AnyTable payload = AnyTable::Make(*info->type, &table);
  const auto parsed = FromJson(*info->type, json, table, "payload");
  if (!parsed) {
    throw InvariantViolation(parsed.error().front().path + ": " + parsed.error().front().message);
  }
  return Decide(MakeCommand(entity, std::move(payload)), Input::kCommands);
}

Decision World::Decide(Command command, Input input) {
  Slot& slot = SlotOf(command.entity);
  const uint64_t offset = next_offset_++;
  Decision decision;
  decision.origin = Origin{.epoch = {1, 2}, .input = input, .partition = 0, .offset = offset};
  decision.time = now_;
  if (command.id.empty()) command.id = CommandIdFromOrigin(*decision.origin);
  const DecideContext context{.self = KeyOrDie(command.entity),
                              .time = now_,
                              .origin = *decision.origin,
                              .actor = command.actor,
                              .sender = command.source ? command.source->entity : "",
                              .partitions = partitions_,
                              .settings = &settings};
  StepResult step = DecideStep(*slot.kind, *slot.state, command, context);
  decision.command = command;
  decision.verdict = step.verdict;
  if (step.rejection) {
    decision.rejection = RejectionRecord{.code = step.rejection->code,
                                         .field = step.rejection->field,
                                         .message = step.rejection->message};
  }
  for (AnyTable& event : step.events) decision.events.push_back({.payload = std::move(event)});
  decision.effects.timers = step.timers;
  decision.reply = step.reply;
  decision.reply_deferred = step.reply_deferred;
  Route(command.entity, std::move(step.follow_ups), decision);
  if (step.after) {
    slot.state = std::move(step.after);
    slot.items->Take(slot.state->items.TakeChanges());
  }
  decision.version = slot.state->version;
  decision.state_hash = slot.state->Hash();
  Replay(slot, decision);
  decisions_.push_back(decision);
  if (on_decision) on_decision(*this, decisions_.back());
  return decision;
}

void World::Replay(Slot& slot, const Decision& decision) {
  // Through bytes, as a reader of the log would.
  const Result<Decision> read = Unpack<Decision>(Pack(decision));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  FoldDecision(*slot.kind, *slot.replayed, *read);
  slot.replayed_items->Take(slot.replayed->items.TakeChanges());
  EXPECT_EQ(ToHex(slot.replayed->Hash()), ToHex(decision.state_hash))
      << "I5: " << decision.command->entity << " after " << decision.command->payload.type_name();
  EXPECT_EQ(slot.replayed->version, decision.version);
}

void World::Route(const std::string& sender, std::vector<FollowUpDraft> follow_ups,
                  Decision& decision) {
  for (FollowUpDraft& draft : follow_ups) {
    Command command =
        MakeCommand(draft.to_partition ? "" : draft.target.ToString(), std::move(draft.payload));
    command.to_partition = draft.to_partition;
    command.source = FollowUpSource{.epoch = {1, 2},
                                    .partition = PartitionOf(sender),
                                    .term = 1,
                                    .number = next_offset_++,
                                    .sequence = decisions_.size(),
                                    .entity = sender};
    command.outcome_number = draft.outcome_number;
    command.outcome_unless_observed = draft.outcome_unless_observed;
    if (draft.carries_reply) {
      command.deferred = decision.command->deferred.value_or(
          DeferredReply{.entity = sender, .command_id = decision.command->id});
    }
    const uint32_t target = draft.to_partition.value_or(PartitionOf(command.entity));
    decision.effects.follow_ups.push_back(
        {.target_partition = target, .number = command.source->number, .command = command});
    // Settings are for the engine; this world's are set by the test.
    const bool reaches = deliver && !draft.to_partition &&
                         (deliver_to.empty() || deliver_to.contains(draft.target.kind));
    if (reaches) queues_[{PartitionOf(sender), target}].push_back(std::move(command));
  }
}

bool World::DeliverOne() {
  std::vector<std::deque<Command>*> ready;
  for (auto& [route, queue] : queues_) {
    if (!queue.empty()) ready.push_back(&queue);
  }
  if (ready.empty()) return false;
  std::deque<Command>& queue = *ready[pick(ready.size()) % ready.size()];
  Command command = std::move(queue.front());
  queue.pop_front();
  Decide(std::move(command), Input::kInternal);
  return true;
}

void World::Settle(size_t limit) {
  for (size_t delivered = 0; DeliverOne(); ++delivered) {
    if (delivered >= limit) {
      FAIL() << "follow-ups do not end; the last went to " << decisions_.back().command->entity
             << ": " << decisions_.back().command->payload.type_name();
    }
  }
}

void World::Advance(Duration duration) {
  const Time end = now_ + duration;
  while (true) {
    std::string entity;
    Timer next;
    for (const auto& [key, slot] : slots_) {
      for (const Timer& timer : slot.state->relations_part().timers) {
        if (timer.due <= end && (entity.empty() || timer.due < next.due)) {
          entity = key;
          next = timer;
        }
      }
    }
    if (entity.empty()) break;
    now_ = std::max(now_, next.due);
    Decide(TimerCommand(KeyOrDie(entity), next.id, next.due), Input::kTimers);
    Settle();
  }
  now_ = end;
}

}  // namespace sluice::testing
