#include "replay/redecide.h"

#include <algorithm>

#include "events/json.h"
#include "machines/common/step.h"

namespace sluice::replay {
namespace {

// "no"s that the engine itself says; a machine says none of them.
bool IsEngines(RejectionCode code) {
  return code == RejectionCode::kIdempotencyConflict || code == RejectionCode::kQuarantined ||
         code == RejectionCode::kTooLarge || code == RejectionCode::kVersionConflict;
}

bool WasDecidedByMachine(const LoadedEntity& before, const Decision& decision) {
  const Command& command = *decision.command;
  if (command.payload.As<Release>() != nullptr || command.payload.type() == nullptr) return false;
  switch (decision.verdict) {
    case Verdict::kAccepted:
    case Verdict::kIgnored:
      break;
    case Verdict::kRejected: {
      if (decision.rejection && IsEngines(decision.rejection->code)) return false;
      const bool from_user = !command.source || command.forwarded;
      const Type& type = *command.payload.type();
      // Not a user's to send: refused before a machine is asked.
      if (from_user && (type.is_internal || !type.is_command)) return false;
      break;
    }
    case Verdict::kDuplicate:
    case Verdict::kForwarded:
    case Verdict::kDeadLettered:
    case Verdict::kParked:
      return false;
  }
  return before.kind != nullptr;
}

template <class List, class Name>
std::string Names(const List& list, const Name& name) {
  std::string text;
  for (const auto& element : list) text += (text.empty() ? "" : ", ") + std::string(name(element));
  return text.empty() ? "none" : text;
}

std::string TableText(const AnyTable& table) {
  return table.type() != nullptr ? ToJson(*table.type(), table.data()) : "";
}

// `fields` gets what differs between two tables of one type, under `path`.
void DiffTables(const AnyTable& recorded, const AnyTable& now, const std::string& path,
                std::vector<FieldDiff>* fields) {
  if (recorded == now) return;
  if (recorded.type() == nullptr || recorded.type() != now.type()) {
    fields->push_back({path, TableText(recorded), TableText(now)});
    return;
  }
  for (FieldDiff& diff : Diff(*recorded.type(), recorded.data(), now.data())) {
    diff.path = path + "." + diff.path;
    fields->push_back(std::move(diff));
  }
}

class Comparison {
 public:
  explicit Comparison(const Decision& decision) : decision_(decision) {}

  Redecided Compare(StepResult& step, const EntityState& before) {
    CompareVerdict(step);
    if (!result_.differs()) CompareEvents(step);
    if (!result_.differs()) CompareFollowUps(step);
    if (!result_.differs()) CompareTimers(step);
    if (!result_.differs() && decision_.reply != step.reply) {
      std::vector<FieldDiff> fields;
      DiffTables(decision_.reply, step.reply, "reply", &fields);
      Say("reply", std::move(fields));
    }
    if (!result_.differs() && decision_.verdict == Verdict::kAccepted) {
      const Hash128 now = step.after ? step.after->Hash() : before.Hash();
      if (now != decision_.state_hash) {
        Say("state", "the same events evolve into another state",
            {{"stateHash", ToHex(decision_.state_hash), ToHex(now)}});
      } else {
        result_.after = std::move(step.after);
      }
    }
    return std::move(result_);
  }

  Redecided Threw(const std::string& what) {
    Say("verdict", std::string(ToString(decision_.verdict)) + " -> a broken invariant",
        {{"verdict", std::string(ToString(decision_.verdict)), QuoteJson(what)}});
    return std::move(result_);
  }

 private:
  void Say(std::string aspect, std::string summary, std::vector<FieldDiff> fields) {
    result_.aspect = std::move(aspect);
    result_.summary = std::move(summary);
    result_.fields = std::move(fields);
  }
  // Values of one field differ: the field is the summary.
  void Say(std::string aspect, std::vector<FieldDiff> fields) {
    if (fields.empty()) return;
    std::string summary = fields.front().path;
    if (fields.size() > 1) summary += fmt::format(" and {} more", fields.size() - 1);
    Say(std::move(aspect), std::move(summary), std::move(fields));
  }

  static std::string VerdictText(Verdict verdict, const std::string& code) {
    return std::string(ToString(verdict)) + (code.empty() ? "" : "(" + code + ")");
  }

  // The texts below are made where something differs alone: nearly every decision is alike.
  void CompareVerdict(const StepResult& step) {
    if (decision_.verdict == step.verdict && !decision_.rejection && !step.rejection) return;
    const std::string code =
        decision_.rejection ? std::string(ToString(decision_.rejection->code)) : "";
    const std::string now_code = step.rejection ? std::string(ToString(step.rejection->code)) : "";
    const std::string recorded = VerdictText(decision_.verdict, code);
    const std::string now = VerdictText(step.verdict, now_code);
    if (recorded != now) {
      std::vector<FieldDiff> fields{{"verdict", QuoteJson(recorded), QuoteJson(now)}};
      if (step.rejection) {
        fields.push_back({"rejection.message", "", QuoteJson(step.rejection->message)});
      } else if (decision_.rejection) {
        fields.push_back({"rejection.message", QuoteJson(decision_.rejection->message), ""});
      }
      return Say("verdict", recorded + " -> " + now, std::move(fields));
    }
    if (!step.rejection || !decision_.rejection) return;
    std::vector<FieldDiff> fields;
    if (decision_.rejection->field != step.rejection->field) {
      fields.push_back({"rejection.field", QuoteJson(decision_.rejection->field),
                        QuoteJson(step.rejection->field)});
    }
    if (decision_.rejection->message != step.rejection->message) {
      fields.push_back({"rejection.message", QuoteJson(decision_.rejection->message),
                        QuoteJson(step.rejection->message)});
    }
    Say("rejection", std::move(fields));
  }

  void CompareEvents(const StepResult& step) {
    if (std::equal(decision_.events.begin(), decision_.events.end(), step.events.begin(),
                   step.events.end(), [](const Event& recorded, const AnyTable& now) {
                     return recorded.payload == now;
                   })) {
      return;
    }
    const std::string recorded =
        Names(decision_.events, [](const Event& event) { return event.payload.type_name(); });
    const std::string now =
        Names(step.events, [](const AnyTable& event) { return event.type_name(); });
    if (recorded != now) {
      return Say("events", "events: " + recorded + " -> " + now,
                 {{"events", QuoteJson(recorded), QuoteJson(now)}});
    }
    std::vector<FieldDiff> fields;
    for (size_t i = 0; i < step.events.size(); ++i) {
      DiffTables(decision_.events[i].payload, step.events[i],
                 fmt::format("events[{}]({})", i, step.events[i].type_name()), &fields);
    }
    Say("events", std::move(fields));
  }

  void CompareFollowUps(const StepResult& step) {
    if (decision_.effects.follow_ups.empty() && step.follow_ups.empty()) return;
    const std::string recorded = Names(decision_.effects.follow_ups, [](const FollowUp& sent) {
      return sent.command->payload.type_name();
    });
    const std::string now = Names(
        step.follow_ups, [](const FollowUpDraft& draft) { return draft.payload.type_name(); });
    if (recorded != now) {
      return Say("effects", "follow-ups: " + recorded + " -> " + now,
                 {{"effects.followUps", QuoteJson(recorded), QuoteJson(now)}});
    }
    std::vector<FieldDiff> fields;
    for (size_t i = 0; i < step.follow_ups.size(); ++i) {
      const Command& sent = *decision_.effects.follow_ups[i].command;
      const FollowUpDraft& draft = step.follow_ups[i];
      const std::string target = draft.to_partition ? "" : draft.target.ToString();
      if (sent.entity == target && sent.payload == draft.payload) continue;
      const std::string path = fmt::format("followUps[{}]({})", i, draft.payload.type_name());
      if (sent.entity != target) {
        fields.push_back({path + ".entity", QuoteJson(sent.entity), QuoteJson(target)});
      }
      DiffTables(sent.payload, draft.payload, path, &fields);
    }
    Say("effects", std::move(fields));
  }

  void CompareTimers(const StepResult& step) {
    if (decision_.effects.timers == step.timers) return;
    const auto text = [](const TimerChange& timer) {
      return timer.id + (timer.due.IsSet() ? "@" + FormatTime(timer.due) : " off");
    };
    const std::string recorded = Names(decision_.effects.timers, text);
    const std::string now = Names(step.timers, text);
    if (recorded == now) return;
    Say("effects", {{"effects.timers", QuoteJson(recorded), QuoteJson(now)}});
  }

  const Decision& decision_;
  Redecided result_;
};

}  // namespace

std::optional<Redecided> Redecide(const LoadedEntity& before, const Decision& decision,
                                  const PartitionState& partition) {
  const auto quarantines = [](const Event& event) {
    return event.payload.As<EntityQuarantined>() != nullptr;
  };
  if (!decision.command || !WasDecidedByMachine(before, decision) ||
      std::any_of(decision.events.begin(), decision.events.end(), quarantines)) {
    return std::nullopt;
  }
  const Command& command = *decision.command;
  const DecideContext context{
      .self = KeyOrDie(command.entity),
      .time = decision.time,
      .origin = decision.origin.value_or(Origin{}),
      .actor = command.actor,
      .sender = command.source && !command.forwarded ? command.source->entity : "",
      .partitions = partition.partitions,
      .settings = &partition.settings};
  Comparison comparison(decision);
  try {
    StepResult step = DecideStep(*before.kind, *before.state, command, context);
    return comparison.Compare(step, *before.state);
  } catch (const InvariantViolation& violation) {
    return comparison.Threw(violation.what());
  }
}

}  // namespace sluice::replay
