#include "projections/fold.h"

#include <algorithm>

#include "events/epoch.h"
#include "events/logical.h"
#include "machines/clusterconfig/settings.h"
#include "machines/common/step.h"
#include "projections/follow_up_number.h"
#include "projections/state_store.h"

namespace sluice {
namespace {

FollowUpProgress& ProgressOf(PartitionState& state, uint32_t source) {
  auto at = std::lower_bound(
      state.sources.begin(), state.sources.end(), source,
      [](const FollowUpProgress& progress, uint32_t key) { return progress.partition < key; });
  if (at == state.sources.end() || at->partition != source) {
    at = state.sources.insert(at, FollowUpProgress{.partition = source});
  }
  return *at;
}

NextFollowUp& NextOf(PartitionState& state, uint32_t target) {
  auto at =
      std::lower_bound(state.targets.begin(), state.targets.end(), target,
                       [](const NextFollowUp& next, uint32_t key) { return next.partition < key; });
  if (at == state.targets.end() || at->partition != target) {
    at = state.targets.insert(at, NextFollowUp{.partition = target, .number = 1});
  }
  return *at;
}

Result<void> AdvanceInput(PartitionState& state, const Origin& origin, uint64_t sequence) {
  const auto advance = [&](uint64_t& next, bool dense) -> Result<void> {
    if (origin.offset < next || (dense && origin.offset != next)) {
      return Err(ErrorCode::kCorruption, "I3: {}:{} answers {} {}, but {} is next", state.partition,
                 sequence, ToString(origin.input), origin.offset, next);
    }
    next = origin.offset + 1;
    return {};
  };
  switch (origin.input) {
    case Input::kCommands:
      return advance(state.next_commands, false);
    case Input::kInternal:
      return advance(state.next_internal, false);
    case Input::kTimers:
      return advance(state.next_timer, true);
    case Input::kParked:
      return advance(state.next_parked, true);
  }
  Unreachable();
}

// I8: the follow-up decided here is the next of its source.
Result<void> AdvanceSource(PartitionState& state, const FollowUpSource& source, uint64_t sequence) {
  FollowUpProgress& progress = ProgressOf(state, source.partition);
  if (source.number != NextFollowUpNumber(progress, source)) {
    return Err(ErrorCode::kCorruption,
               "I8: {}:{} decides follow-up {} of partition {}, but {} is next", state.partition,
               sequence, source.number, source.partition, progress.number + 1);
  }
  progress.epoch = source.epoch;
  progress.term = source.term;
  progress.number = source.number;
  return {};
}

Result<void> FoldDecisionRecord(PartitionState& state, const Decision& decision,
                                uint64_t sequence) {
  if (const EpochOpened* opened = OpenedEpoch(decision)) {
    state.next_commands = 0;
    state.next_internal = 0;
    state.epoch = opened->epoch;
    state.decision_time = std::max(state.decision_time, decision.time);
    return {};
  }
  if (!decision.origin) {
    return Err(ErrorCode::kCorruption, "{}:{} has no origin", state.partition, sequence);
  }
  if (auto advanced = AdvanceInput(state, *decision.origin, sequence); !advanced) return advanced;
  if (decision.origin->input == Input::kInternal && decision.command && decision.command->source) {
    auto advanced = AdvanceSource(state, *decision.command->source, sequence);
    if (!advanced) return advanced;
  }
  for (const FollowUp& follow_up : decision.effects.follow_ups) {
    NextFollowUp& next = NextOf(state, follow_up.target_partition);
    if (follow_up.number != next.number) {
      return Err(ErrorCode::kCorruption, "I8: {}:{} sends follow-up {} to partition {}, not {}",
                 state.partition, sequence, follow_up.number, follow_up.target_partition,
                 next.number);
    }
    ++next.number;
  }
  state.decision_time = std::max(state.decision_time, decision.time);
  for (const Event& event : decision.events) {
    if (const auto* adopted = event.payload.As<SettingsAdopted>()) {
      state.settings = adopted->settings;
      state.settings_generation = adopted->generation;
    }
  }
  return {};
}

}  // namespace

Result<void> UnpackToFold(std::string_view bytes, FoldedRecord* out) {
  if (out->record.decision) {
    for (Event& event : out->record.decision->events) out->pool.Give(std::move(event.payload));
  }
  auto payload = UnpackFolded(TypeOf<LogRecord>(), bytes, &out->pool, &out->record);
  if (!payload) return tl::unexpected<Error>(std::move(payload.error()));
  out->payload = *payload;
  return {};
}

void FoldMarks(EntityMarks& marks, const Decision& decision, uint64_t sequence) {
  const bool was_parked = decision.origin && decision.origin->input == Input::kParked;
  if (was_parked && !marks.parked.empty()) marks.parked.erase(marks.parked.begin());
  if (decision.verdict == Verdict::kParked) {
    marks.parked.insert(was_parked ? marks.parked.begin() : marks.parked.end(), sequence);
  }
  for (const Event& event : decision.events) {
    if (const auto* quarantined = event.payload.As<EntityQuarantined>()) {
      marks.quarantined = quarantined->reason;
    } else if (const auto* released = event.payload.As<ParkedReleased>()) {
      marks.quarantined.clear();
      if (released->skipped && !marks.parked.empty()) marks.parked.erase(marks.parked.begin());
    }
  }
}

std::string_view FoldedEntity(const Decision& decision) {
  switch (decision.verdict) {
    case Verdict::kAccepted:
    case Verdict::kParked:
      return decision.command && !decision.command->to_partition
                 ? std::string_view(decision.command->entity)
                 : std::string_view();
    // A "no" changes no state, but it may set the entity aside or be the answer to a parked
    // command.
    case Verdict::kRejected:
    case Verdict::kIgnored:
      return decision.command && (!decision.events.empty() || !decision.effects.timers.empty() ||
                                  (decision.origin && decision.origin->input == Input::kParked))
                 ? std::string_view(decision.command->entity)
                 : std::string_view();
    case Verdict::kDuplicate:
    case Verdict::kForwarded:
    case Verdict::kDeadLettered:
      return {};
  }
  Unreachable();
}

Result<void> FoldPartition(PartitionState& state, const LogRecord& record, std::string_view bytes) {
  if (record.partition != state.partition) {
    return Err(ErrorCode::kCorruption, "I3: a record of partition {} in partition {}",
               record.partition, state.partition);
  }
  if (record.term < state.term) {
    return Err(ErrorCode::kFenced, "I3: a record of term {}, but term {} has begun", record.term,
               state.term);
  }
  if (record.sequence != state.next_sequence) {
    return Err(ErrorCode::kCorruption, "I3: {}:{} follows, but {} is next", state.partition,
               record.sequence, state.next_sequence);
  }
  if (record.previous != state.chain) {
    return Err(ErrorCode::kCorruption, "I3: {}:{} names {} as the hash before it, which is {}",
               state.partition, record.sequence, ToHex(record.previous), ToHex(state.chain));
  }
  if (record.opened.has_value() == record.decision.has_value()) {
    return Err(ErrorCode::kUnknownType, "{}:{} is neither a decision nor the start of a term",
               state.partition, record.sequence);
  }
  if ((record.term > state.term) != record.opened.has_value()) {
    return Err(ErrorCode::kCorruption, "I3: {}:{} of term {} while term {} is open",
               state.partition, record.sequence, record.term, state.term);
  }
  if (record.opened) {
    const Opened& opened = *record.opened;
    if (state.epoch != opened.epoch) {
      // Imported by a build that wrote no EpochOpened: what it sends is numbered anew, too.
      state.next_commands = 0;
      state.next_internal = 0;
      state.targets.clear();
    }
    state.epoch = opened.epoch;
    state.partitions = opened.partitions;
    if (opened.settings) state.settings = *opened.settings;
    state.decision_time = std::max(state.decision_time, opened.time);
  } else if (auto folded = FoldDecisionRecord(state, *record.decision, record.sequence); !folded) {
    return folded;
  }
  state.term = record.term;
  state.next_sequence = record.sequence + 1;
  state.chain = Xxh128(bytes);
  return {};
}

Hash128 CommandFingerprint(const Command& command) {
  thread_local std::string buffer;
  buffer.assign(command.payload.type_name());
  buffer.push_back('\0');
  buffer.append(command.expected_version ? std::to_string(*command.expected_version) : "any");
  buffer.push_back('\0');
  if (command.payload.type()) {
    AppendLogical(*command.payload.type(), command.payload.data(), &buffer);
  }
  return Xxh128(buffer);
}

bool IsRemembered(const Decision& decision) {
  return decision.verdict == Verdict::kAccepted && decision.command &&
         !decision.command->derived_id && !decision.command->id.empty() &&
         (!decision.command->source || decision.command->forwarded);
}

RememberedCommand RememberedAs(const Decision& decision, uint64_t sequence, Hash128 fingerprint) {
  return {.fingerprint = fingerprint,
          .sequence = sequence,
          .time = decision.time,
          .answered_by = {},
          .reply_deferred = decision.reply_deferred};
}

Result<void> FoldEntity(LoadedEntity& entity, const Decision& decision, uint64_t sequence) {
  FoldMarks(entity.marks, decision, sequence);
  if (!entity.kind) return {};
  const uint64_t version = entity.state->version;
  try {
    FoldDecision(*entity.kind, *entity.state, decision);
  } catch (const InvariantViolation& violation) {
    return Err(ErrorCode::kUnknownType, "decision {}: {}", sequence, violation.what());
  }
  if (entity.state->version != version) entity.sequence = sequence;
  if (decision.verdict == Verdict::kAccepted && entity.state->Hash() != decision.state_hash) {
    return Err(ErrorCode::kCorruption, "I5: {} at {} hashes to {}, recorded is {}",
               decision.command->entity, sequence, ToHex(entity.state->Hash()),
               ToHex(decision.state_hash));
  }
  return {};
}

}  // namespace sluice
