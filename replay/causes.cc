#include "replay/causes.h"

#include <algorithm>
#include <utility>

#include "events/json.h"
#include "replay/stretches.h"

namespace sluice::replay {
namespace {

constexpr size_t kChainMax = 500;

Cause CauseOf(const Command& command) {
  if (command.source) return Cause::kFollowUp;
  if (command.payload.As<TimerDue>() != nullptr) return Cause::kTimer;
  return IsReport(command) ? Cause::kReport : Cause::kOutside;
}

struct Link {
  Cause cause = Cause::kOutside;
  std::optional<DecisionPosition> before;
  uint64_t repeats = 0;
};

Result<Link> CauseBefore(const Archive& archive, const LogRecord& record) {
  Link link;
  if (!record.decision->command) return link;
  const Command& command = *record.decision->command;
  link.cause = CauseOf(command);
  switch (link.cause) {
    case Cause::kOutside:
      return link;
    case Cause::kFollowUp:
      link.before = DecisionPosition{command.source->partition, command.source->sequence};
      return link;
    case Cause::kTimer: {
      auto armed = FindArming(archive, record);
      if (!armed) return tl::unexpected(armed.error());
      link.before = armed->position;
      link.repeats = armed->repeats;
      return link;
    }
    case Cause::kReport: {
      auto asked = FindAsking(archive, record);
      if (!asked) return tl::unexpected(asked.error());
      link.before = *asked;
      return link;
    }
  }
  Unreachable();
}

bool Contains(const std::vector<PendingAction>& actions, const PendingAction& wanted) {
  return std::find(actions.begin(), actions.end(), wanted) != actions.end();
}

}  // namespace

std::string_view CauseName(Cause cause) {
  switch (cause) {
    case Cause::kOutside:
      return "outside";
    case Cause::kReport:
      return "report";
    case Cause::kTimer:
      return "timer";
    case Cause::kFollowUp:
      return "followUp";
  }
  Unreachable();
}

Json DecisionInShort(const LogRecord& record) {
  Json json{{"position", FormatPosition(record.partition, record.sequence)},
            {"time", FormatTime(TimeOfRecord(record))}};
  if (!record.decision) return json;
  const Decision& decision = *record.decision;
  if (decision.command) {
    const Command& command = *decision.command;
    json["entity"] = command.entity;
    json["command"] = CommandText(command);
    if (!command.actor.empty()) json["actor"] = command.actor;
    if (!command.derived_id && !command.id.empty()) json["id"] = command.id;
    if (!command.correlation_id.empty()) json["correlationId"] = command.correlation_id;
    if (command.source) json["sender"] = command.source->entity;
  }
  json["verdict"] = std::string(ToString(decision.verdict));
  Json events = Json::array();
  for (const Event& event : decision.events) {
    if (event.payload.type() != nullptr && event.payload.type()->is_bookkeeping) continue;
    events.push_back(EventText(event.payload));
  }
  if (!events.empty()) json["events"] = std::move(events);
  if (decision.rejection) {
    json["rejection"] = {{"code", std::string(ToString(decision.rejection->code))},
                         {"field", decision.rejection->field},
                         {"message", decision.rejection->message}};
  }
  return json;
}

std::string EventText(const AnyTable& event) {
  if (const auto* changed = event.As<ConditionChanged>()) {
    const Condition& condition = changed->condition;
    return fmt::format("{}={}{}", condition.type, ToString(condition.status),
                       condition.reason.empty() ? "" : " " + condition.reason);
  }
  return std::string(event.type_name());
}

Json ConditionJson(const Condition& condition) { return ParsedJson(ToJson(condition)); }

Result<ArmedBy> FindArming(const Archive& archive, const LogRecord& record) {
  const Command& command = *record.decision->command;
  const std::string id = command.payload.As<TimerDue>()->id;
  // One that arms itself again and again is where it was armed first.
  ArmedBy armed;
  std::optional<DecisionPosition> by_other;  // of this stretch, as are the next two
  std::optional<DecisionPosition> by_itself;
  uint64_t times = 0;  // by itself, since `by_other`
  const auto visit = [&](const LogRecord& earlier) {
    for (const TimerChange& timer : earlier.decision->effects.timers) {
      if (timer.id != id || !timer.due.IsSet()) continue;
      const DecisionPosition position{earlier.partition, earlier.sequence};
      const auto* own = earlier.decision->command->payload.As<TimerDue>();
      if (own == nullptr || own->id != id) {
        by_other = position;
        times = 0;
      } else {
        if (!by_itself) by_itself = position;
        ++times;
      }
    }
  };
  const auto enough = [&] {
    armed.repeats += std::exchange(times, 0);
    if (by_itself || by_other) armed.position = by_other ? by_other : by_itself;
    by_itself.reset();
    return by_other.has_value();
  };
  auto visited = VisitStretches(archive, command.entity, record.sequence, visit, enough);
  if (!visited) return tl::unexpected(visited.error());
  // Of a part of a log: the first time by itself stands for what armed it.
  if (!by_other && armed.repeats > 0) --armed.repeats;
  return armed;
}

Result<std::optional<DecisionPosition>> FindAsking(const Archive& archive,
                                                   const LogRecord& record) {
  std::optional<DecisionPosition> asked;
  const auto visit = [&](const Moment& moment) {
    if (moment.kind.pending == nullptr) return false;
    if (!moment.changed()) return true;
    const std::vector<PendingAction> before = moment.kind.pending(moment.before);
    for (const PendingAction& action : moment.kind.pending(moment.after)) {
      if (!Contains(before, action)) asked = moment.position();
    }
    return true;
  };
  auto walked = WalkStretches(archive, record.decision->command->entity, record.sequence, visit,
                              [&] { return asked.has_value(); });
  if (!walked) return tl::unexpected(walked.error());
  return asked;
}

Result<Json> WhyRefused(const Archive& archive, const LogRecord& record) {
  const Decision& decision = *record.decision;
  const std::string& entity = decision.command->entity;
  const std::string field = decision.rejection ? decision.rejection->field : "";
  const auto value_in = [&](const EntityState& state) {
    return state.Exists() ? GetPath(state.root_type(), state.root(), field).value_or("") : "";
  };
  std::optional<DecisionPosition> changed;  // last
  std::optional<DecisionPosition> set;      // the field at fault
  std::string value;
  Json state;
  bool known = false;  // all of them but `set`
  const auto visit = [&](const Moment& moment) {
    if (!moment.changed()) return true;
    if (!known) {
      changed = moment.position();
      state = {{"version", moment.after.version},
               {"phase", moment.kind.PhaseName(moment.kind.phase(moment.after))}};
    }
    if (field.empty()) return true;
    std::string now = value_in(moment.after);
    if (now != value_in(moment.before)) set = moment.position();
    if (!known) value = std::move(now);
    return true;
  };
  const auto enough = [&] {
    known = changed.has_value();
    return known && (field.empty() || set);
  };
  auto walked = WalkStretches(archive, entity, record.sequence, visit, enough);
  if (!walked && walked.error().code != ErrorCode::kInvalid) return tl::unexpected(walked.error());
  if (!changed) return Json{{"exists", false}};
  if (!value.empty()) {
    state["field"] = field;
    state["value"] = ParsedJson(value);
  }
  auto last = archive.Record(set.value_or(*changed));
  if (!last) return tl::unexpected(last.error());
  state[set ? "setBy" : "lastChangedBy"] = DecisionInShort(*last);
  return state;
}

Result<void> AddChain(const Archive& archive, const DecisionPosition& position, Positions* seen) {
  std::optional<DecisionPosition> at = position;
  while (at && seen->insert({at->partition, at->sequence}).second) {
    auto record = archive.Record(*at);
    if (!record) return tl::unexpected(record.error());
    if (!record->decision) return {};
    auto link = CauseBefore(archive, *record);
    if (!link) return tl::unexpected(link.error());
    at = link->before;
  }
  return {};
}

Result<Json> BackwardChain(const Archive& archive, const DecisionPosition& position) {
  Json chain = Json::array();
  std::optional<DecisionPosition> at = position;
  std::set<std::pair<uint32_t, uint64_t>> seen;
  while (at && chain.size() < kChainMax) {
    if (!seen.insert({at->partition, at->sequence}).second) break;
    auto record = archive.Record(*at);
    if (!record) {
      // Of a part of a log: what led here was left out of it.
      if (record.error().code != ErrorCode::kNotFound || chain.empty()) {
        return tl::unexpected(record.error());
      }
      chain.back()["missing"] = FormatPosition(at->partition, at->sequence);
      break;
    }
    if (!record->decision) break;
    Json step = DecisionInShort(*record);
    auto link = CauseBefore(archive, *record);
    if (!link) return tl::unexpected(link.error());
    step["cause"] = std::string(CauseName(link->cause));
    if (link->repeats > 0) step["armedAgain"] = link->repeats;
    const bool refused_it = record->decision->verdict == Verdict::kRejected ||
                            (!chain.empty() && IsRefusal(chain.back().value("command", "")));
    if (refused_it && record->decision->command && !record->decision->command->entity.empty()) {
      auto refused = WhyRefused(archive, *record);
      if (!refused) return tl::unexpected(refused.error());
      step["stateThen"] = std::move(*refused);
    }
    if (!chain.empty()) {
      const auto later = ParseTime(chain.back()["time"].get<std::string>());
      if (later) {
        chain.back()["took"] = FormatDuration(*later - TimeOfRecord(*record));
      }
    }
    chain.push_back(std::move(step));
    at = link->before;
  }
  return chain;
}

}  // namespace sluice::replay
