// Verdicts without a machine, and how a decision is staged.
#include "engine/decider.h"
#include "engine/routing.h"
#include "events/codec.h"

namespace sluice {
Effects Decider::NumberEffects(std::vector<FollowUpDraft> follow_ups,
                               std::vector<TimerChange> timers, const Command& cause) const {
  Effects effects;
  effects.timers = std::move(timers);
  std::map<uint32_t, uint64_t> next;
  for (FollowUpDraft& draft : follow_ups) {
    Command command;
    if (!draft.to_partition) command.entity = draft.target.ToString();
    command.to_partition = draft.to_partition;
    command.payload = std::move(draft.payload);
    command.outcome_number = draft.outcome_number;
    command.outcome_unless_observed = draft.outcome_unless_observed;
    command.correlation_id = cause.correlation_id;
    command.derived_id = true;
    if (draft.carries_reply) {
      command.deferred =
          cause.deferred.value_or(DeferredReply{.entity = cause.entity, .command_id = cause.id});
    }
    const uint32_t target =
        draft.to_partition.value_or(PartitionOfKey(command.entity, state_.partitions));
    auto number = next.find(target);
    if (number == next.end()) {
      const auto known =
          std::find_if(state_.targets.begin(), state_.targets.end(),
                       [&](const NextFollowUp& entry) { return entry.partition == target; });
      number = next.emplace(target, known == state_.targets.end() ? 1 : known->number).first;
    }
    command.source = FollowUpSource{.epoch = state_.epoch,
                                    .partition = state_.partition,
                                    .term = state_.term,
                                    .number = number->second,
                                    .sequence = state_.next_sequence,
                                    .entity = cause.entity};
    command.id =
        fmt::format("{}:{}/{}", state_.partition, state_.next_sequence, effects.follow_ups.size());
    effects.follow_ups.push_back(
        {.target_partition = target, .number = number->second++, .command = std::move(command)});
  }
  return effects;
}

void Decider::AdoptSettingsOf(Command command, const Origin& origin, Time time) {
  Decision decision;
  decision.origin = origin;
  decision.time = time;
  const auto* adopt = command.payload.As<AdoptSettings>();
  if (!adopt) {
    decision.verdict = Verdict::kRejected;
    decision.rejection = RejectionRecord{
        .code = RejectionCode::kInvalidArgument,
        .field = "command",
        .message = fmt::format("a partition has no command {}", command.payload.type_name())};
  } else if (adopt->generation > state_.settings_generation) {
    decision.events.push_back({.payload = AnyTable::Of(SettingsAdopted{
                                   .generation = adopt->generation, .settings = adopt->settings})});
  }
  decision.command = std::move(command);
  Stage(std::move(decision), nullptr, nullptr, 0);
}

void Decider::Forward(Command command, const EntityKey& key, const Origin& origin, Time time,
                      uint64_t ticket) {
  Decision decision;
  decision.origin = origin;
  decision.time = time;
  decision.verdict = Verdict::kForwarded;
  decision.effects = NumberEffects({{key, command.payload, {}, false, {}}}, {}, command);
  Command& forwarded = *decision.effects.follow_ups.front().command;
  forwarded.id = command.id;
  forwarded.actor = command.actor;
  forwarded.expected_version = command.expected_version;
  forwarded.derived_id = command.derived_id;
  forwarded.forwarded = true;
  decision.command = std::move(command);
  Stage(std::move(decision), nullptr, nullptr, ticket);
}

void Decider::RejectWithoutEntity(Command command, Rejection rejection, const Origin& origin,
                                  Time time, uint64_t ticket) {
  Decision decision;
  decision.origin = origin;
  decision.time = time;
  decision.verdict = Verdict::kRejected;
  decision.rejection = RejectionRecord{
      .code = rejection.code, .field = rejection.field, .message = rejection.message};
  decision.command = std::move(command);
  Stage(std::move(decision), nullptr, nullptr, ticket);
}

// Of bytes that are no command; compressed on its way, a record may be larger than any topic takes.
constexpr size_t kDeadLetterBytesMax = size_t{512} << 10;

void Decider::DeadLetterRecord(InputRecord&& record, const std::string& reason) {
  Decision decision;
  decision.origin = MakeOrigin(record.input, record.offset);
  decision.time = DecisionTime(record.timestamp, Time{});
  decision.verdict = Verdict::kDeadLettered;
  decision.rejection =
      RejectionRecord{.code = RejectionCode::kInvalidArgument, .field = "", .message = reason};
  DeadLetter letter;
  letter.payload = std::move(record.payload);
  letter.reason = reason;
  if (letter.payload.size() > kDeadLetterBytesMax) {
    letter.reason += fmt::format("; kept are its first {} bytes", kDeadLetterBytesMax);
    letter.payload.resize(kDeadLetterBytesMax);
  }
  letter.input = record.input;
  letter.offset = record.offset;
  letter.time = decision.time;
  letter.is_json = record.is_json;
  batch_.commit.dead_letters.push_back(std::move(letter));
  Stage(std::move(decision), nullptr, nullptr, record.ticket);
}

LogRecord Decider::RecordOf(Decision decision) const {
  LogRecord record;
  record.partition = state_.partition;
  record.term = state_.term;
  record.sequence = state_.next_sequence;
  record.previous = state_.chain;
  record.decision = std::move(decision);
  return record;
}

void Decider::Stage(Decision decision, CachedEntity* entity, std::shared_ptr<EntityState> after,
                    uint64_t ticket) {
  LogRecord record = RecordOf(std::move(decision));
  Bytes bytes = Pack(record);
  StageRecord(std::move(record), std::move(bytes), entity, std::move(after), ticket);
}

void Decider::StageRecord(LogRecord record, Bytes bytes, CachedEntity* entity,
                          std::shared_ptr<EntityState> after, uint64_t ticket) {
  const Decision& decision = *record.decision;
  const uint64_t sequence = record.sequence;
  for (const FollowUp& follow_up : decision.effects.follow_ups) {
    batch_.commit.follow_ups.push_back({follow_up.target_partition, Pack(*follow_up.command)});
  }
  std::shared_ptr<const EntityState> changed = after;
  // One that changed nothing, too, is counted and remembered with the entity.
  const bool folds = !FoldedEntity(decision).empty();
  CHECK(folds || !after);
  if (entity && folds) {
    const auto [at, is_new] = batch_.applied.touched.try_emplace(entity->key);
    if (is_new) batch_.entities.push_back(entity);
    TouchedEntity& touched = at->second;
    if (after) {
      Items::Changes changes = after->items.TakeChanges();
      entity->items->Stage(changes, next_batch_);
      for (auto& [key, value] : changes) touched.items[key] = std::move(value);
      if (after->version != entity->entity.state->version) entity->entity.sequence = sequence;
      entity->entity.state = std::move(after);
    }
    FoldMarks(entity->entity.marks, decision, sequence);
    entity->last_batch = next_batch_;
    TrackMarks(*entity);
    for (const TimerChange& timer : decision.effects.timers) {
      timers_.Set(entity->key, timer.id, timer.due);
    }
  }
  std::optional<Hash128> fingerprint;
  if (IsRemembered(decision)) {
    fingerprint = CommandFingerprint(*decision.command);
    CHECK(entity != nullptr);
    entity->staged_commands.emplace_back(store::CommandIdHash(decision.command->id),
                                         RememberedAs(decision, sequence, *fingerprint));
  }
  if (decision.verdict == Verdict::kParked) parked_.emplace(sequence, *decision.command);
  Append(std::move(record), std::move(bytes), ticket, std::move(changed));
  batch_.applied.records.back().fingerprint = fingerprint;
}

void Decider::Append(LogRecord record, Bytes bytes, uint64_t ticket,
                     std::shared_ptr<const EntityState> after) {
  const Result<void> folded = FoldPartition(state_, record, bytes);
  CHECK(folded.has_value());
  if (batch_.commit.records.empty()) batch_.commit.first_sequence = record.sequence;
  batch_.bytes += bytes.size();
  batch_.commit.records.push_back(std::move(bytes));
  auto shared = std::make_shared<const LogRecord>(std::move(record));
  if (ticket != 0) batch_.callers.push_back({ticket, shared});
  batch_.applied.records.push_back({std::move(shared), std::move(after), std::nullopt});
}

void Decider::TrackMarks(const CachedEntity& entity) {
  const EntityMarks& marks = entity.entity.marks;
  if (marks.quarantined.empty() && !marks.parked.empty()) {
    draining_.insert(entity.key);
  } else {
    draining_.erase(entity.key);
  }
  if (marks.quarantined.empty() && marks.parked.empty()) {
    // As they are armed now: a parked command may have moved one.
    const Relations& relations = entity.entity.state->relations_part();
    for (auto [at, end] = waiting_timers_.equal_range(entity.key); at != end; ++at) {
      timers_.Set(entity.key, at->second.id, ArmedTimer(relations, at->second.id));
    }
    waiting_timers_.erase(entity.key);
  }
}

}  // namespace sluice
