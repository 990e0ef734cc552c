// What the engine says before a machine is asked, and asking it.
#include "engine/decider.h"
#include "events/codec.h"

namespace sluice {
namespace {

RejectionRecord ToRecord(const Rejection& rejection) {
  return {.code = rejection.code, .field = rejection.field, .message = rejection.message};
}

Decision Refuse(const Rejection& rejection) {
  Decision decision;
  decision.verdict = Verdict::kRejected;
  decision.rejection = ToRecord(rejection);
  return decision;
}

std::optional<Rejection> NotForUsers(const Command& command) {
  const Type* type = command.payload.type();
  if (!type || !type->is_command) {
    return Rejection::InvalidArgument(
        "command", command.payload ? fmt::format("'{}' is no command", command.payload.type_name())
                                   : "there is none");
  }
  if (type->is_internal) {
    return Rejection::InvalidArgument(
        "command", fmt::format("{} is internal: only nodes send it", type->wire_name));
  }
  return std::nullopt;
}

// A follow-up that nobody could decide would stop the partition it goes to.
void CheckTargets(const std::vector<FollowUpDraft>& follow_ups, const KindRegistry& kinds) {
  int replies = 0;
  for (const FollowUpDraft& follow_up : follow_ups) {
    replies += follow_up.carries_reply ? 1 : 0;
    if (follow_up.to_partition) continue;
    const std::string target = follow_up.target.ToString();
    if (!ParseEntityKey(target) || !kinds.Find(follow_up.target.kind)) {
      throw InvariantViolation(fmt::format("{} is sent to '{}', which nobody is",
                                           follow_up.payload.type_name(), target));
    }
  }
  if (replies > 1) throw InvariantViolation("a reply is deferred to more than one follow-up");
}

// Effects have a bound of their own within the decision's. `bytes` is the whole record.
bool OverBound(const Decision& decision, const Bytes& bytes) {
  if (decision.effects.follow_ups.size() > kEffectsMax) return true;
  if (bytes.size() > kEffectsBytesMax && Pack(decision.effects).size() > kEffectsBytesMax) {
    return true;
  }
  return bytes.size() > kDecisionBytesMax;
}

}  // namespace

bool IsUsers(const Command& command) {
  // The engine's own timers have no source; one that was forwarded is somebody's forgery.
  return command.source ? command.forwarded : !command.payload.As<TimerDue>();
}

Result<std::optional<Decision>> Decider::Repeated(const Command& command,
                                                  const CachedEntity& entity, Time time) {
  std::optional<RememberedCommand> known = entity.FindStaged(store::CommandIdHash(command.id));
  if (!known) {
    auto found = store_.FindCommand(command.entity, command.id, entity.entity.stored.get());
    if (!found) return tl::unexpected<Error>(std::move(found.error()));
    known = std::move(*found);
  }
  const Duration window = state_.settings.idempotency_window.value_or(Duration::Hours(24));
  if (!known || known->time + window <= time) return std::nullopt;
  if (known->fingerprint != CommandFingerprint(command)) {
    return Refuse(
        Rejection::IdempotencyConflict(fmt::format("id '{}' was used at {}:{} for another command",
                                                   command.id, state_.partition, known->sequence)));
  }
  Decision decision;
  decision.verdict = Verdict::kDuplicate;
  decision.duplicate_of = Position{.partition = state_.partition, .sequence = known->sequence};
  return decision;
}

Result<std::optional<Decision>> Decider::EngineVerdict(const Command& command,
                                                       const CachedEntity& entity,
                                                       const Origin& origin, Time time) {
  // What users send is theirs whatever it says it is; a timer comes due, or comes back parked.
  const bool users = origin.input == Input::kCommands || IsUsers(command);
  if (users) {
    if (auto refusal = NotForUsers(command)) return Refuse(*refusal);
    if (!command.derived_id) {
      auto repeated = Repeated(command, entity, time);
      if (!repeated || *repeated) return repeated;
    }
  }
  const EntityMarks& marks = entity.entity.marks;
  const bool set_aside = !marks.quarantined.empty() || !marks.parked.empty();
  if (set_aside && origin.input != Input::kParked && !command.payload.As<Release>()) {
    if (users) {
      return Refuse(Rejection::Quarantined(
          command.entity + " is set aside: " +
          (marks.quarantined.empty() ? "its parked commands are being decided"
                                     : marks.quarantined) +
          "; see `sluice quarantine list` and `sluice quarantine release`"));
    }
    Decision decision;
    decision.verdict = Verdict::kParked;
    return decision;
  }
  if (command.expected_version && *command.expected_version != entity.entity.state->version) {
    return Refuse(Rejection::VersionConflict(
        fmt::format("{} is at version {}, expected was {}", command.entity,
                    entity.entity.state->version, *command.expected_version)));
  }
  return std::nullopt;
}

Result<void> Decider::AskMachine(Command command, CachedEntity& entity, Decision decision,
                                 uint64_t ticket) {
  StepResult step;
  try {
    step = DecideStep(*entity.entity.kind, *entity.entity.state, command,
                      MakeContext(command, entity.parsed, *decision.origin, decision.time));
    CheckTargets(step.follow_ups, kinds_);
  } catch (const InvariantViolation& violation) {
    Quarantine(std::move(command), entity, std::move(decision), violation.what(), ticket);
    return {};
  }
  decision.verdict = step.verdict;
  if (step.rejection) decision.rejection = ToRecord(*step.rejection);
  for (AnyTable& event : step.events) decision.events.push_back({.payload = std::move(event)});
  decision.effects = NumberEffects(std::move(step.follow_ups), std::move(step.timers), command);
  decision.reply = std::move(step.reply);
  decision.reply_deferred = step.reply_deferred;
  const EntityState& now = step.after ? *step.after : *entity.entity.state;
  decision.version = now.version;
  decision.state_hash = now.Hash();
  decision.command = std::move(command);
  LogRecord record = RecordOf(std::move(decision));
  Bytes bytes = Pack(record);
  if (OverBound(*record.decision, bytes)) {
    Command over = std::move(*record.decision->command);
    Decision refused;
    refused.origin = record.decision->origin;
    refused.time = record.decision->time;
    if (!IsUsers(over)) {
      Quarantine(std::move(over), entity, std::move(refused), "I10: a decision over its bound",
                 ticket);
      return {};
    }
    refused.verdict = Verdict::kRejected;
    refused.rejection = ToRecord(Rejection::TooLarge(fmt::format(
        "the decision would be over {} bytes or {} effects", kDecisionBytesMax, kEffectsMax)));
    refused.version = entity.entity.state->version;
    refused.command = std::move(over);
    Stage(std::move(refused), &entity, nullptr, ticket);
    return {};
  }
  StageRecord(std::move(record), std::move(bytes), &entity, std::move(step.after), ticket);
  return {};
}

}  // namespace sluice
