#include "tests/simulator/reference.h"

#include "events/codec.h"
#include "events/json.h"

namespace sluice::simulator {
namespace {

struct Expected {
  Verdict verdict = Verdict::kAccepted;
  RejectionCode code = RejectionCode::kUnspecified;
  bool quarantines = false;
  bool releases = false;
  std::optional<uint64_t> duplicate_of;
  std::optional<StepResult> step;  // the machine was asked
};

Expected Refused(RejectionCode code) {
  Expected expected;
  expected.verdict = Verdict::kRejected;
  expected.code = code;
  return expected;
}

std::optional<Expected> ForRepeatedId(const ObservedPartition& partition, const Command& command,
                                      Time time) {
  const auto known = partition.accepted.find({command.entity, command.id});
  const Duration window = *partition.settings.idempotency_window;
  if (known == partition.accepted.end() || known->second.time + window <= time) {
    return std::nullopt;
  }
  const AcceptedCommand& before = known->second;
  if (!(before.payload == command.payload) || before.expected_version != command.expected_version) {
    return Refused(RejectionCode::kIdempotencyConflict);
  }
  Expected expected;
  expected.verdict = Verdict::kDuplicate;
  expected.duplicate_of = before.sequence;
  return expected;
}

Expected ForBrokenInvariant(bool users) {
  Expected expected = Refused(RejectionCode::kQuarantined);
  if (!users) {
    expected.verdict = Verdict::kParked;
    expected.code = RejectionCode::kUnspecified;
  }
  expected.quarantines = true;
  return expected;
}

Expected AskMachine(const ObservedPartition& partition, const ObservedEntity& entity,
                    const Decision& decision, uint32_t partitions, bool users) {
  const Command& command = *decision.command;
  const DecideContext context{
      .self = entity.key,
      .time = decision.time,
      .origin = *decision.origin,
      .actor = command.actor,
      .sender = !command.source || command.forwarded ? "" : command.source->entity,
      .partitions = partitions,
      .settings = &partition.settings};
  Expected expected;
  try {
    expected.step = DecideStep(*entity.kind, *entity.state, command, context);
  } catch (const InvariantViolation&) {
    return ForBrokenInvariant(users);
  }
  expected.verdict = expected.step->verdict;
  if (expected.step->rejection) expected.code = expected.step->rejection->code;
  size_t bytes = 0;
  for (const FollowUpDraft& draft : expected.step->follow_ups) {
    bytes += 64 + (draft.payload.type() ? Pack(*draft.payload.type(), draft.payload.data()).size()
                                        : size_t{0});
  }
  if (bytes > kEffectsBytesMax || expected.step->follow_ups.size() > kEffectsMax) {
    return users ? Refused(RejectionCode::kTooLarge) : ForBrokenInvariant(users);
  }
  return expected;
}

Expected Decide(const ObservedPartition& partition, const ObservedEntity& entity,
                const Decision& decision, uint32_t partitions) {
  const Command& command = *decision.command;
  const bool users = IsUsers(decision);
  const Type* type = command.payload.type();
  if (users && (!type || !type->is_command || type->is_internal)) {
    return Refused(RejectionCode::kInvalidArgument);
  }
  if (users && !command.derived_id) {
    if (auto repeated = ForRepeatedId(partition, command, decision.time))
      return std::move(*repeated);
  }
  const bool release = command.payload.As<Release>() != nullptr;
  if (entity.SetAside() && decision.origin->input != Input::kParked && !release) {
    if (users) return Refused(RejectionCode::kQuarantined);
    Expected parked;
    parked.verdict = Verdict::kParked;
    return parked;
  }
  if (command.expected_version && *command.expected_version != entity.state->version) {
    return Refused(RejectionCode::kVersionConflict);
  }
  if (release) {
    Expected expected;
    expected.releases = entity.quarantined;
    return expected;
  }
  return AskMachine(partition, entity, decision, partitions, users);
}

// What follows from one decision has to be what was drafted, in order.
std::string CompareFollowUps(const StepResult& step, const Decision& decision, uint64_t sequence,
                             const ObservedPartition& partition) {
  const auto& recorded = decision.effects.follow_ups;
  if (recorded.size() != step.follow_ups.size()) return "I2: the number of follow-ups differs";
  for (size_t i = 0; i < recorded.size(); ++i) {
    const Command& sent = *recorded[i].command;
    const FollowUpDraft& draft = step.follow_ups[i];
    const bool same = sent.payload == draft.payload && sent.to_partition == draft.to_partition &&
                      sent.outcome_number == draft.outcome_number &&
                      sent.deferred.has_value() == draft.carries_reply &&
                      (draft.to_partition || sent.entity == draft.target.ToString());
    if (!same) return fmt::format("I2: follow-up {} differs", i);
    const FollowUpSource& source = *sent.source;
    if (source.partition != partition.partition || source.term != partition.term ||
        source.number != recorded[i].number || source.sequence != sequence ||
        source.entity != decision.command->entity) {
      return fmt::format("I8: follow-up {} names another source", i);
    }
  }
  return "";
}

std::string CompareStep(const StepResult& step, const Decision& decision, uint64_t sequence,
                        const ObservedPartition& partition, const ObservedEntity& entity) {
  if (decision.events.size() != step.events.size()) return "I2: the number of events differs";
  for (size_t i = 0; i < step.events.size(); ++i) {
    if (!(decision.events[i].payload == step.events[i])) {
      return fmt::format("I2: event {} ({}) differs", i, step.events[i].type_name());
    }
  }
  if (decision.effects.timers != step.timers) return "I2: timers differ";
  if (!(decision.reply == step.reply)) return "I2: the reply differs";
  if (decision.reply_deferred != step.reply_deferred) return "I2: whether it replies differs";
  const EntityState& after = step.after ? *step.after : *entity.state;
  if (decision.state_hash != after.Hash()) return "I5: the recorded hash differs";
  if (decision.version != after.version) return "I4: the recorded version differs";
  return CompareFollowUps(step, decision, sequence, partition);
}

size_t CountEngineEvents(const Decision& decision, bool quarantines) {
  size_t count = 0;
  for (const Event& event : decision.events) {
    count += (quarantines ? event.payload.As<EntityQuarantined>() != nullptr
                          : event.payload.As<ParkedReleased>() != nullptr)
                 ? 1
                 : 0;
  }
  return count;
}

}  // namespace

bool IsUsers(const Decision& decision) {
  const Command& command = *decision.command;
  // A timer has no source either, but it comes due, or comes back after being parked.
  const bool timer = !command.source && decision.origin->input != Input::kCommands;
  return (!command.source || command.forwarded) && !timer;
}

std::string CompareWithReference(const ObservedPartition& partition, const ObservedEntity& entity,
                                 const Decision& decision, uint64_t sequence, uint32_t partitions) {
  const Expected expected = Decide(partition, entity, decision, partitions);
  if (decision.verdict != expected.verdict) {
    return fmt::format("I2: verdict {}, expected {}", ToString(decision.verdict),
                       ToString(expected.verdict));
  }
  const RejectionCode code =
      decision.rejection ? decision.rejection->code : RejectionCode::kUnspecified;
  if (code != expected.code) {
    return fmt::format("I2: rejected as {}, expected {}", ToString(code), ToString(expected.code));
  }
  if (decision.duplicate_of.has_value() != expected.duplicate_of.has_value() ||
      (expected.duplicate_of &&
       !(*decision.duplicate_of ==
         Position{.partition = partition.partition, .sequence = *expected.duplicate_of}))) {
    return "I12: the repeated command names another decision";
  }
  if (CountEngineEvents(decision, true) != (expected.quarantines ? 1U : 0U)) {
    return "I11: it sets the entity aside, or does not";
  }
  if (CountEngineEvents(decision, false) != (expected.releases ? 1U : 0U)) {
    return "I11: it releases the entity, or does not";
  }
  if (expected.step) {
    return CompareStep(*expected.step, decision, sequence, partition, entity);
  }
  if (!expected.quarantines && !expected.releases &&
      (!decision.events.empty() || !(decision.effects == Effects{}))) {
    return "I9: it changes something";
  }
  return "";
}

}  // namespace sluice::simulator
