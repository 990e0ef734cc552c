#include "machines/common/step.h"

#include <algorithm>

#include "events/codec.h"
#include "machines/common/fan_out.h"

namespace sluice {
namespace {

EventContext EventContextOf(const DecideContext& context) {
  return {context.self, context.time, context.origin};
}

// A fired timer is no longer armed when its machine decides.
std::optional<TimerChange> DisarmFired(const EntityState& before, const Command& command) {
  const auto* fired = command.payload.As<TimerDue>();
  if (!fired || ArmedTimer(before.relations_part(), fired->id) != fired->due) return std::nullopt;
  return TimerChange{.id = fired->id, .due = Time{}};
}

DecideResult DecideByMachine(const KindInfo& kind, const EntityState& state, const Command& command,
                             const DecideContext& context) {
  const CommandInfo* info = kind.FindCommand(command.payload.type());
  if (!info) {
    return Reject(Rejection::InvalidArgument(
        "command", fmt::format("{} has no command {}", kind.name, command.payload.type_name())));
  }
  if (!state.Exists() && !info->on_absent) {
    if (command.payload.As<TimerDue>() || command.payload.As<Observed>() ||
        command.payload.As<sluice::Outcome>()) {
      return Ignore();
    }
    return Reject(Rejection::NotFound(context.self.ToString() + " does not exist"));
  }
  return info->decide(state, command.payload.data(), context);
}

bool TellsAnyway(const std::string& sender, const StepResult& result) {
  return std::any_of(result.follow_ups.begin(), result.follow_ups.end(),
                     [&](const FollowUpDraft& sent) {
                       return sent.payload.As<Observed>() && sent.target.ToString() == sender;
                     });
}

void AnswerSender(const Command& command, const EntityState& before, StepResult& result) {
  if (!command.outcome_number || !command.source) return;
  if (command.outcome_unless_observed && TellsAnyway(command.source->entity, result)) return;
  const EntityState& now = result.after ? *result.after : before;
  sluice::Outcome outcome{.number = *command.outcome_number,
                          .accepted = !result.rejection.has_value(),
                          .code = "",
                          .message = "",
                          .uid = now.metadata_part().uid};
  if (result.rejection) {
    outcome.code = ToString(result.rejection->code);
    outcome.message = result.rejection->message;
  }
  result.follow_ups.push_back(
      {KeyOrDie(command.source->entity), AnyTable::Of(std::move(outcome)), {}, false, {}});
}

void AnswerDeferred(const Command& command, const DecideContext& context, StepResult& result,
                    uint64_t version) {
  const bool defers_again =
      std::any_of(result.follow_ups.begin(), result.follow_ups.end(),
                  [](const FollowUpDraft& follow_up) { return follow_up.carries_reply; });
  if (defers_again) {
    result.reply_deferred = true;
    return;
  }
  if (!command.deferred) return;
  CommandResult answer;
  answer.id = command.deferred->command_id;
  answer.entity = context.self.ToString();
  answer.accepted = !result.rejection.has_value();
  answer.version = version;
  answer.events = result.events;
  answer.reply = result.reply;
  if (result.rejection) {
    answer.rejection = RejectionRecord{.code = result.rejection->code,
                                       .field = result.rejection->field,
                                       .message = result.rejection->message};
  }
  Answered answered{.id = answer.id, .result = {}};
  answered.result = std::move(answer);
  result.follow_ups.push_back(
      {KeyOrDie(command.deferred->entity), AnyTable::Of(std::move(answered)), {}, false, {}});
}

// A node of the former build may have to read what is written here.
void CheckLevel(const AnyTable& table, uint32_t level) {
  if (!table.type() || table.type()->level <= level) return;
  throw InvariantViolation(fmt::format("{} is of level {}, the cluster's level is {}",
                                       table.type_name(), table.type()->level, level));
}

bool IsBookkeeping(const AnyTable& event) { return event.type() && event.type()->is_bookkeeping; }

}  // namespace

Command TimerCommand(const EntityKey& entity, const std::string& timer_id, Time due) {
  Command command;
  command.entity = entity.ToString();
  command.payload = AnyTable::Of(TimerDue{.id = timer_id, .due = due});
  command.derived_id = true;
  return command;
}

namespace {

// Evolves `state` by one event; whether the object's version is to move.
bool ApplyEvent(const KindInfo& kind, EntityState& state, const AnyTable& event,
                const EventContext& context) {
  const EventInfo* info = kind.FindEvent(event.type());
  if (!info) {
    throw InvariantViolation(fmt::format("{} has no event {}", kind.name, event.type_name()));
  }
  const uint8_t from = kind.phase(state);
  info->evolve(state, event.data(), context);
  const uint8_t to = kind.phase(state);
  if (info->in_table || from != to) {
    const bool legal =
        std::any_of(info->edges.begin(), info->edges.end(),
                    [&](const RawTransition& edge) { return edge.from == from && edge.to == to; });
    if (!legal) {
      throw InvariantViolation(fmt::format("I6: {} takes {} from {} to {}, not in its table",
                                           context.self.ToString(), event.type_name(),
                                           kind.PhaseName(from), kind.PhaseName(to)));
    }
  }
  return !IsBookkeeping(event);
}

void FinishEvents(EntityState& state, const std::vector<TimerChange>& timers, bool moves_version) {
  for (const TimerChange& timer : timers) ApplyTimerChange(state.relations_part(), timer);
  if (moves_version) ++state.version;
}

}  // namespace

void ApplyEvents(const KindInfo& kind, EntityState& state, const std::vector<AnyTable>& events,
                 const std::vector<TimerChange>& timers, const EventContext& context) {
  bool moves_version = false;
  for (const AnyTable& event : events) {
    moves_version = ApplyEvent(kind, state, event, context) || moves_version;
  }
  FinishEvents(state, timers, moves_version);
}

bool IsEngineEvent(const AnyTable& event) {
  return event.As<EntityQuarantined>() || event.As<ParkedReleased>() || event.As<SettingsAdopted>();
}

void FoldDecision(const KindInfo& kind, EntityState& state, const Decision& decision) {
  if (decision.events.empty() && decision.effects.timers.empty()) return;
  const EventContext context{
      EventSelf(decision.command ? std::string_view(decision.command->entity) : ""), decision.time,
      decision.origin ? *decision.origin : Origin{}};
  bool moves_version = false;
  for (const Event& event : decision.events) {
    if (IsEngineEvent(event.payload)) continue;
    moves_version = ApplyEvent(kind, state, event.payload, context) || moves_version;
  }
  FinishEvents(state, decision.effects.timers, moves_version);
}

StepResult DecideStep(const KindInfo& kind, const EntityState& before, const Command& command,
                      const DecideContext& context) {
  StepResult result;
  std::unique_ptr<EntityState> working = before.Clone();
  if (auto fired = DisarmFired(before, command)) {
    ApplyTimerChange(working->relations_part(), *fired);
    result.timers.push_back(*fired);
  }

  DecideResult decided = IsRelationCommand(command)
                             ? DecideRelation(kind, *working, command, context)
                             : DecideByMachine(kind, *working, command, context);
  if (!decided && command.payload.As<TimerDue>()) {
    throw InvariantViolation("a timer was rejected: " + decided.error().message);
  }
  uint64_t version = before.version;
  if (decided) {
    result.verdict = decided->ignored ? Verdict::kIgnored : Verdict::kAccepted;
    result.events = std::move(decided->events);
    result.follow_ups = std::move(decided->follow_ups);
    for (TimerChange& timer : decided->timers) result.timers.push_back(std::move(timer));
    result.reply = std::move(decided->reply);
    const uint32_t level = LevelOf(context.Settings());
    for (const AnyTable& event : result.events) CheckLevel(event, level);
    for (const FollowUpDraft& follow_up : result.follow_ups) CheckLevel(follow_up.payload, level);
    ApplyEvents(kind, *working, result.events, {}, EventContextOf(context));
    for (const TimerChange& timer : result.timers)
      ApplyTimerChange(working->relations_part(), timer);
    AnnounceChange(kind, before, *working, context, result);
    version = working->version;
    if (!result.events.empty() || !result.timers.empty()) {
      result.after = std::move(working);
      result.verdict = Verdict::kAccepted;
    }
  } else {
    result.verdict = Verdict::kRejected;
    result.rejection = std::move(decided.error());
    result.timers.clear();
  }
  AnswerSender(command, before, result);
  AnswerDeferred(command, context, result, version);
  return result;
}

}  // namespace sluice
