#include "engine/decider.h"

#include <algorithm>

#include "engine/command_json.h"
#include "engine/routing.h"
#include "events/codec.h"
#include "machines/clusterconfig/settings.h"
#include "projections/follow_up_number.h"

namespace sluice {
namespace {

constexpr Duration kClockLeadMax = Duration::Minutes(1);

}  // namespace

Decider::Decider(const KindRegistry& kinds, StateStore& store, PartitionJournal& journal,
                 const Clock& clock, DeciderOptions options)
    : kinds_(kinds),
      store_(store),
      journal_(journal),
      clock_(clock),
      options_(std::move(options)),
      state_(store.applied()),
      cache_(store, options_.cache),
      committed_sequence_(state_.next_sequence) {}

Result<void> Decider::Start() {
  auto timers = store_.ScanTimers([&](Time due, std::string_view entity, std::string_view id) {
    timers_.Set(std::string(entity), std::string(id), due);
  });
  if (!timers) return timers;
  return store_.ScanMarked([&](std::string_view entity, const EntityMarks& marks) {
    if (marks.quarantined.empty() && !marks.parked.empty()) draining_.emplace(entity);
  });
}

void Decider::StageOpened(Hash128 epoch, uint32_t partitions) {
  LogRecord record;
  record.partition = state_.partition;
  record.term = state_.term + 1;
  record.sequence = state_.next_sequence;
  record.previous = state_.chain;
  record.opened = Opened{.epoch = epoch,
                         .node = options_.node,
                         .build = options_.build,
                         .time = std::max(state_.decision_time, clock_.Now()),
                         .partitions = partitions,
                         .settings = {}};
  if (state_.term == 0) record.opened->settings = DefaultSettings();
  Bytes bytes = Pack(record);
  Append(std::move(record), std::move(bytes), 0, nullptr);
}

Time Decider::DecisionTime(Time stamped, Time due) const {
  return std::max({state_.decision_time, std::min(stamped, clock_.Now() + kClockLeadMax), due});
}

Origin Decider::MakeOrigin(Input input, uint64_t offset) const {
  return {.epoch = state_.epoch, .input = input, .partition = state_.partition, .offset = offset};
}

// What a record's headers say where its body does not.
Result<void> TakeHeaders(const std::vector<std::pair<std::string, std::string>>& headers,
                         Command& command) {
  constexpr size_t kHeaderBytesMax = 1024;
  for (const auto& [name, value] : headers) {
    std::string* field = name == "command-id"       ? &command.id
                         : name == "actor"          ? &command.actor
                         : name == "correlation-id" ? &command.correlation_id
                                                    : nullptr;
    if (field == nullptr || !field->empty()) continue;
    if (value.size() > kHeaderBytesMax) {
      return Err(ErrorCode::kInvalid, "header {} has {} bytes; the bound is {}", name, value.size(),
                 kHeaderBytesMax);
    }
    *field = value;
  }
  return {};
}

DecideContext Decider::MakeContext(const Command& command, const EntityKey& key,
                                   const Origin& origin, Time time) const {
  return {.self = key,
          .time = time,
          .origin = origin,
          .actor = command.actor,
          .sender = command.source && !command.forwarded ? command.source->entity : "",
          .partitions = state_.partitions,
          .settings = &state_.settings};
}

Result<void> Decider::DecideRecord(InputRecord&& record) {
  const uint64_t next =
      record.input == Input::kCommands ? state_.next_commands : state_.next_internal;
  if (record.offset < next) return {};  // answered by a decision that is in the log already
  return record.input == Input::kCommands ? DecideUserRecord(std::move(record))
                                          : DecideInternalRecord(std::move(record));
}

Result<Command> Decider::DecodeCommand(InputRecord& record) const {
  if (record.is_json) return CommandFromJson(record.payload, kinds_);
  if (!record.command) return Unpack<Command>(record.payload);
  // A journal that keeps its records hands out copies of them.
  if (record.command.use_count() > 1) return *record.command;
  return std::move(*record.command);
}

Result<void> Decider::DecideUserRecord(InputRecord&& record) {
  const Time time = DecisionTime(record.timestamp, Time{});
  const Origin origin = MakeOrigin(Input::kCommands, record.offset);
  if (record.payload.size() > kCommandBytesMax) {
    const std::string reason = fmt::format("a command of {} bytes; the bound is {}",
                                           record.payload.size(), kCommandBytesMax);
    DeadLetterRecord(std::move(record), reason);
    return {};
  }
  Result<Command> command = DecodeCommand(record);
  if (!command) {
    DeadLetterRecord(std::move(record), command.error().message);
    return {};
  }
  // What only nodes may set is nobody else's to set.
  command->source.reset();
  command->outcome_number.reset();
  command->outcome_unless_observed = false;
  command->deferred.reset();
  command->forwarded = false;
  command->to_partition.reset();
  if (auto taken = TakeHeaders(record.headers, *command); !taken) {
    DeadLetterRecord(std::move(record), taken.error().message);
    return {};
  }
  command->derived_id = command->id.empty();
  if (command->derived_id) command->id = CommandIdFromOrigin(origin);
  return DecideCommand(std::move(*command), origin, time, record.ticket);
}

// What a newer build has sent is not this one's to answer. A user's is, wherever it came from.
Result<void> Decider::CheckKnown(const Command& command, uint64_t offset) const {
  if (command.forwarded) return {};
  if (!command.payload.type()) {
    return Err(ErrorCode::kUnknownType,
               "internal record {} of partition {} is a command this build does not know: {}",
               offset, state_.partition, command.payload.type_name());
  }
  const Result<EntityKey> key = ParseEntityKey(command.entity);
  if (key && !kinds_.Find(key->kind)) {
    return Err(ErrorCode::kUnknownType,
               "internal record {} of partition {} is for a kind this build does not know: {}",
               offset, state_.partition, command.entity);
  }
  return {};
}

Result<void> Decider::DecideInternalRecord(InputRecord&& record) {
  Result<Command> command = Unpack<Command>(record.payload);
  if (!command || !command->source) {
    return Err(ErrorCode::kCorruption, "I8: internal record {} of partition {} cannot be read: {}",
               record.offset, state_.partition,
               command ? "it has no source" : command.error().message);
  }
  const FollowUpSource& source = *command->source;
  if (source.number == 0) {
    return Err(ErrorCode::kCorruption, "I8: internal record {} of partition {} has no number",
               record.offset, state_.partition);
  }
  const auto found = std::find_if(
      state_.sources.begin(), state_.sources.end(),
      [&](const FollowUpProgress& progress) { return progress.partition == source.partition; });
  const FollowUpProgress known = found == state_.sources.end() ? FollowUpProgress{} : *found;
  if (known.epoch == source.epoch && source.number <= known.number) {
    if (source.term > known.term) {
      return Err(ErrorCode::kCorruption,
                 "I8: follow-up {} of partition {} comes under term {}, decided was term {}",
                 source.number, source.partition, source.term, known.term);
    }
    return {};  // decided before
  }
  if (source.number != NextFollowUpNumber(known, source)) {
    return Err(ErrorCode::kCorruption, "I8: follow-up {} of partition {} comes, but {} is next",
               source.number, source.partition, known.number + 1);
  }
  if (auto understood = CheckKnown(*command, record.offset); !understood) return understood;
  const Origin origin = MakeOrigin(Input::kInternal, record.offset);
  const Time time = DecisionTime(record.timestamp, Time{});
  if (command->to_partition) {
    AdoptSettingsOf(std::move(*command), origin, time);
    return {};
  }
  return DecideCommand(std::move(*command), origin, time, 0);
}

Result<void> Decider::DecideCommand(Command command, const Origin& origin, Time time,
                                    uint64_t ticket) {
  // One that is cached has a key, a kind, and is this partition's.
  if (CachedEntity* cached = cache_.Use(command.entity)) {
    return DecideForEntity(std::move(command), *cached, origin, time, ticket);
  }
  const Result<EntityKey> key = ParseEntityKey(command.entity);
  if (!key) {
    RejectWithoutEntity(std::move(command),
                        Rejection::InvalidArgument("entity", key.error().message), origin, time,
                        ticket);
    return {};
  }
  if (!kinds_.Find(key->kind)) {
    RejectWithoutEntity(std::move(command),
                        Rejection::InvalidArgument("entity", "there is no kind " + key->kind),
                        origin, time, ticket);
    return {};
  }
  if (PartitionOfKey(command.entity, state_.partitions) != state_.partition) {
    Forward(std::move(command), *key, origin, time, ticket);
    return {};
  }
  Result<CachedEntity*> cached = cache_.Get(*key);
  if (!cached) return tl::unexpected<Error>(std::move(cached.error()));
  return DecideForEntity(std::move(command), **cached, origin, time, ticket);
}

Result<void> Decider::DecideForEntity(Command command, CachedEntity& entity, const Origin& origin,
                                      Time time, uint64_t ticket) try {
  Decision decision;
  decision.origin = origin;
  decision.time = time;
  Result<std::optional<Decision>> refused = EngineVerdict(command, entity, origin, time);
  if (!refused) return tl::unexpected<Error>(std::move(refused.error()));
  if (*refused) {
    (*refused)->origin = origin;
    (*refused)->time = time;
    (*refused)->version = entity.entity.state->version;
    (*refused)->command = std::move(command);
    Stage(std::move(**refused), &entity, nullptr, ticket);
    return {};
  }
  if (command.payload.As<Release>()) {
    return ReleaseEntity(std::move(command), entity, std::move(decision), ticket);
  }
  return AskMachine(std::move(command), entity, std::move(decision), ticket);
} catch (const LoadFailure& failure) {
  // Nothing is staged before everything is loaded; the batch goes with the term.
  return Err(ErrorCode::kIo, "{}: {}", entity.key, failure.what());
}

StagedBatch Decider::TakeBatch() {
  StagedBatch batch = std::exchange(batch_, {});
  batch.number = next_batch_++;
  batch.applied.after = state_;
  batch.commit.decided = {.commands = state_.next_commands, .internal = state_.next_internal};
  for (const CachedEntity* entity : batch.entities) {
    batch.applied.touched.find(entity->key)->second.entity = entity->entity;
  }
  return batch;
}

void Decider::Applied(const StagedBatch& batch) {
  committed_sequence_ = std::max(committed_sequence_, batch.applied.after.next_sequence);
  for (CachedEntity* entity : batch.entities) {
    cache_.Applied(batch.number, batch.applied.after.next_sequence, *entity);
  }
  parked_.erase(parked_.begin(), parked_.lower_bound(batch.applied.after.next_sequence));
  cache_.EvictIdle(batch.number);
}

}  // namespace sluice
