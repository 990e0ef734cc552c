#include "replay/heard.h"

#include "replay/causes.h"

namespace sluice::replay {

// A "no" that came as a command of its own: PrefixRefused, with reason and message. What comes from
// the same entity later and is none takes it back.
void Heard::HearRefusal(const Moment& moment) {
  const Command& command = *moment.decision.command;
  const Type* type = command.payload.type();
  if (type == nullptr || !command.source || command.payload.As<sluice::Outcome>() != nullptr) {
    return;
  }
  const std::string who = command.source->entity;
  const std::string name(type->wire_name);
  const auto known = refusals.find(who);
  if (!IsRefusal(name)) {
    const bool says_how_it_is = command.payload.As<Observed>() != nullptr;
    if (moment.decision.verdict == Verdict::kAccepted && !says_how_it_is) refusals.erase(who);
    return;
  }
  const auto text = [&](const char* field) {
    const auto value = GetPath(*type, command.payload.data(), field);
    const Json parsed = ParsedJson(value.value_or(""));
    return parsed.is_string() ? parsed.get<std::string>() : std::string();
  };
  Refusal refusal{.entity = who,
                  .command = name.substr(0, name.size() - kRefused.size()),
                  .code = text("reason"),
                  .message = text("message"),
                  .time = moment.decision.time,
                  .position = moment.position(),
                  .times = 1,
                  .by_command = true};
  if (known != refusals.end() && known->second.code == refusal.code) {
    refusal.times = known->second.times + 1;
  }
  last_failure = Json{{"position", FormatPosition(moment.record.partition, moment.record.sequence)},
                      {"time", FormatTime(moment.decision.time)},
                      {"entity", who},
                      {"command", name},
                      {"code", refusal.code},
                      {"message", refusal.message}};
  refusals[who] = std::move(refusal);
}

// The answer to a command that asked for its outcome.
void Heard::HearOutcome(const Moment& moment, const sluice::Outcome& outcome) {
  const auto found = asked.find(outcome.number);
  if (found == asked.end()) return;
  const std::string& who = found->second.entity;
  const std::string& command = found->second.command;
  if (outcome.accepted) {
    const auto refusal = refusals.find(who);
    if (refusal != refusals.end() && !refusal->second.by_command) refusals.erase(refusal);
  } else {
    Refusal& refusal = refusals[who];
    const bool again = refusal.command == command && refusal.code == outcome.code;
    refusal = {.entity = who,
               .command = command,
               .code = outcome.code,
               .message = outcome.message,
               .time = moment.decision.time,
               .position = moment.position(),
               .times = again ? refusal.times + 1 : 1,
               .by_command = false};
    last_failure =
        Json{{"position", FormatPosition(moment.record.partition, moment.record.sequence)},
             {"time", FormatTime(moment.decision.time)},
             {"entity", who},
             {"command", command},
             {"code", outcome.code},
             {"message", outcome.message}};
  }
  asked.erase(found);
}

// A provider that says what did not work.
void Heard::HearReport(const Moment& moment) {
  const Command& command = *moment.decision.command;
  if (!IsReport(command) || moment.decision.verdict != Verdict::kAccepted) return;
  const Type* payload = command.payload.type();
  if (payload == nullptr || GetPath(*payload, command.payload.data(), "status") != "\"False\"") {
    return;
  }
  Json failure = DecisionInShort(moment.record);
  for (const char* name : {"reason", "message"}) {
    const auto text = GetPath(*payload, command.payload.data(), name);
    if (text) failure[name] = ParsedJson(*text);
  }
  last_failure = std::move(failure);
}

void Heard::NoteActions(const Moment& moment) {
  if (!moment.changed() || moment.kind.pending == nullptr) return;
  std::map<std::string, Asked> pending;
  for (const PendingAction& action : moment.kind.pending(moment.after)) {
    const std::string key = action.verb + " " + action.target;
    const auto known = actions.find(key);
    pending[key] = known != actions.end() ? known->second
                                          : Asked{action.location, action.verb,
                                                  moment.decision.time, moment.position(), false};
  }
  actions = std::move(pending);
}

void Heard::Hear(const Moment& moment) {
  const Command& command = *moment.decision.command;
  if (const auto* observed = command.payload.As<Observed>()) {
    const auto known = subjects.find(observed->subject);
    const bool same = known != subjects.end() && known->second.last.ready == observed->ready &&
                      known->second.last.reason == observed->reason;
    subjects[observed->subject] = {*observed, same ? known->second.since : moment.decision.time};
    std::erase_if(asked, [&](const auto& one) {
      return one.second.until_observed && one.second.entity == observed->subject;
    });
  }
  if (const auto* outcome = command.payload.As<sluice::Outcome>()) HearOutcome(moment, *outcome);
  HearRefusal(moment);
  for (const FollowUp& sent : moment.decision.effects.follow_ups) {
    if (!sent.command || !sent.command->outcome_number) continue;
    asked[*sent.command->outcome_number] = {sent.command->entity, CommandText(*sent.command),
                                            moment.decision.time, moment.position(),
                                            sent.command->outcome_unless_observed};
  }
  HearReport(moment);
  NoteActions(moment);
}

}  // namespace sluice::replay
