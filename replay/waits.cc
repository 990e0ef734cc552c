#include "replay/waits.h"

#include <algorithm>
#include <map>
#include <set>

#include "events/json.h"
#include "replay/causes.h"

namespace sluice::replay {
namespace {

constexpr int kHopsMax = 12;
// Armed while a machine waits for something, in every kind (machines/common/stuck.h).
constexpr std::string_view kStuckTimer = "stuck";

// What an entity has heard and not heard, collected along its timeline.
struct Heard {
  struct Subject {
    Observed last;
    Time since;
  };
  struct Asked {
    std::string entity;
    std::string command;
    Time since;
    DecisionPosition position;
    bool until_observed = false;  // Hearing of the entity is an answer, too.
  };
  struct Refusal {
    std::string entity;
    std::string command;
    std::string code;
    std::string message;
    Time time;
    DecisionPosition position;
    uint64_t times = 0;
    bool by_command = false;  // the command was accepted, and answered by a "no"
  };
  std::map<std::string, Subject> subjects;
  std::map<uint64_t, Asked> asked;          // by outcome number
  std::map<std::string, Refusal> refusals;  // by entity: its latest outcome was a no
  std::map<std::string, Asked> actions;     // pending, by verb and target
  std::optional<Json> last_failure;
};

// A "no" that came as a command of its own: PrefixRefused, with reason and message. What comes from
// the same entity later and is none takes it back.
void HearRefusal(const Moment& moment, Heard* heard) {
  const Command& command = *moment.decision.command;
  const Type* type = command.payload.type();
  if (type == nullptr || !command.source || command.payload.As<sluice::Outcome>() != nullptr) {
    return;
  }
  const std::string who = command.source->entity;
  const std::string name(type->wire_name);
  const auto known = heard->refusals.find(who);
  if (!IsRefusal(name)) {
    const bool says_how_it_is = command.payload.As<Observed>() != nullptr;
    if (moment.decision.verdict == Verdict::kAccepted && !says_how_it_is) {
      heard->refusals.erase(who);
    }
    return;
  }
  const auto text = [&](const char* field) {
    const auto value = GetPath(*type, command.payload.data(), field);
    const Json parsed = ParsedJson(value.value_or(""));
    return parsed.is_string() ? parsed.get<std::string>() : std::string();
  };
  Heard::Refusal refusal{.entity = who,
                         .command = name.substr(0, name.size() - kRefused.size()),
                         .code = text("reason"),
                         .message = text("message"),
                         .time = moment.decision.time,
                         .position = moment.position(),
                         .times = 1,
                         .by_command = true};
  if (known != heard->refusals.end() && known->second.code == refusal.code) {
    refusal.times = known->second.times + 1;
  }
  heard->last_failure =
      Json{{"position", FormatPosition(moment.record.partition, moment.record.sequence)},
           {"time", FormatTime(moment.decision.time)},
           {"entity", who},
           {"command", name},
           {"code", refusal.code},
           {"message", refusal.message}};
  heard->refusals[who] = std::move(refusal);
}

void Hear(const Moment& moment, Heard* heard) {
  const Command& command = *moment.decision.command;
  if (const auto* observed = command.payload.As<Observed>()) {
    const auto known = heard->subjects.find(observed->subject);
    const bool same = known != heard->subjects.end() &&
                      known->second.last.ready == observed->ready &&
                      known->second.last.reason == observed->reason;
    heard->subjects[observed->subject] = {*observed,
                                          same ? known->second.since : moment.decision.time};
    std::erase_if(heard->asked, [&](const auto& asked) {
      return asked.second.until_observed && asked.second.entity == observed->subject;
    });
  }
  if (const auto* outcome = command.payload.As<sluice::Outcome>()) {
    const auto asked = heard->asked.find(outcome->number);
    if (asked != heard->asked.end()) {
      const std::string& who = asked->second.entity;
      if (outcome->accepted) {
        const auto refusal = heard->refusals.find(who);
        if (refusal != heard->refusals.end() && !refusal->second.by_command) {
          heard->refusals.erase(refusal);
        }
      } else {
        Heard::Refusal& refusal = heard->refusals[who];
        const uint64_t times =
            refusal.command == asked->second.command && refusal.code == outcome->code
                ? refusal.times + 1
                : 1;
        refusal = {.entity = who,
                   .command = asked->second.command,
                   .code = outcome->code,
                   .message = outcome->message,
                   .time = moment.decision.time,
                   .position = moment.position(),
                   .times = times,
                   .by_command = false};
        heard->last_failure =
            Json{{"position", FormatPosition(moment.record.partition, moment.record.sequence)},
                 {"time", FormatTime(moment.decision.time)},
                 {"entity", who},
                 {"command", asked->second.command},
                 {"code", outcome->code},
                 {"message", outcome->message}};
      }
      heard->asked.erase(asked);
    }
  }
  HearRefusal(moment, heard);
  for (const FollowUp& sent : moment.decision.effects.follow_ups) {
    if (!sent.command || !sent.command->outcome_number) continue;
    heard->asked[*sent.command->outcome_number] = {sent.command->entity, CommandText(*sent.command),
                                                   moment.decision.time, moment.position(),
                                                   sent.command->outcome_unless_observed};
  }
  if (IsReport(command) && moment.decision.verdict == Verdict::kAccepted) {
    const auto payload = command.payload.type();
    const auto status =
        payload == nullptr ? std::nullopt : GetPath(*payload, command.payload.data(), "status");
    if (status == "\"False\"") {
      Json failure = DecisionInShort(moment.record);
      for (const char* name : {"reason", "message"}) {
        const auto text = GetPath(*payload, command.payload.data(), name);
        if (text) failure[name] = ParsedJson(*text);
      }
      heard->last_failure = std::move(failure);
    }
  }
  if (!moment.changed() || moment.kind.pending == nullptr) return;
  std::map<std::string, Heard::Asked> pending;
  for (const PendingAction& action : moment.kind.pending(moment.after)) {
    const std::string key = action.verb + " " + action.target;
    const auto known = heard->actions.find(key);
    pending[key] = known != heard->actions.end()
                       ? known->second
                       : Heard::Asked{action.location, action.verb, moment.decision.time,
                                      moment.position(), false};
  }
  heard->actions = std::move(pending);
}

class Waiting {
 public:
  Waiting(const Archive& archive, const Coverage& point) : archive_(archive), point_(point) {}

  Result<Json> Of(const std::string& entity, int depth) {
    Json json{{"entity", entity}};
    seen_.insert(entity);
    path_.insert(entity);
    const std::shared_ptr<void> left(nullptr, [&](void*) { path_.erase(entity); });
    Heard heard;
    auto walked = WalkTimeline(archive_, entity, point_[archive_.PartitionOf(entity)],
                               [&](const Moment& moment) {
                                 Hear(moment, &heard);
                                 return true;
                               });
    if (!walked) return tl::unexpected(walked.error());
    auto now = EntityAt(archive_, entity, point_);
    if (!now) return tl::unexpected(now.error());
    json["exists"] = now->Exists();
    if (!now->marks.quarantined.empty()) json["quarantined"] = now->marks.quarantined;
    const bool ready = AddState(*now, &json);
    if (heard.last_failure) json["lastFailure"] = std::move(*heard.last_failure);
    if (ready && now->Exists()) return json;
    AddActions(*now, heard, &json);
    AddAnswers(heard, &json);
    auto on = AddWhom(heard, depth, &json);
    if (!on) return tl::unexpected(on.error());
    return json;
  }

 private:
  // Whether it is as wanted: ready, or without a Ready to be.
  static bool AddState(const PastEntity& entity, Json* json) {
    if (!entity.Exists()) return false;
    const EntityState& state = *entity.state;
    (*json)["phase"] = entity.kind->PhaseName(entity.kind->phase(state));
    (*json)["deleting"] = state.IsDeleting();
    const Observation seen = entity.kind->observe(state);
    const auto conditions = GetPath(state.root_type(), state.root(), "status.conditions");
    Json not_true = Json::array();
    bool has_ready = false;
    for (Json& condition : ParsedJsonList(conditions)) {
      const std::string type = condition.value("type", "");
      if (type == "Ready") {
        has_ready = true;
        (*json)["ready"] = condition;
      }
      if (condition.value("status", "") != "True") not_true.push_back(std::move(condition));
    }
    Json timers = Json::array();
    std::vector<Timer> armed = state.relations_part().timers;
    std::sort(armed.begin(), armed.end(),
              [](const Timer& a, const Timer& b) { return a.due < b.due; });
    for (const Timer& timer : armed) {
      timers.push_back({{"id", timer.id}, {"due", FormatTime(timer.due)}});
    }
    const bool waits = ArmedTimer(state.relations_part(), kStuckTimer).IsSet();
    const bool wanted =
        !state.IsDeleting() && !waits && (!has_ready || seen.ready == ConditionStatus::kTrue);
    if (!not_true.empty()) (*json)["conditions"] = std::move(not_true);
    if (!timers.empty()) (*json)["timers"] = std::move(timers);
    return wanted;
  }

  static std::vector<Json> ParsedJsonList(const std::optional<std::string>& text) {
    std::vector<Json> list;
    if (!text) return list;
    Json parsed = ParsedJson(*text);
    for (Json& element : parsed) list.push_back(std::move(element));
    return list;
  }

  static void AddActions(const PastEntity& entity, const Heard& heard, Json* json) {
    if (entity.kind->pending == nullptr || !entity.Exists()) return;
    Json actions = Json::array();
    for (const PendingAction& action : entity.kind->pending(*entity.state)) {
      Json one{{"verb", action.verb},
               {"target", action.target},
               {"location", action.location},
               {"attempt", action.attempt}};
      const auto since = heard.actions.find(action.verb + " " + action.target);
      if (since != heard.actions.end()) one["since"] = FormatTime(since->second.since);
      actions.push_back(std::move(one));
    }
    if (!actions.empty()) (*json)["actions"] = std::move(actions);
  }

  static void AddAnswers(const Heard& heard, Json* json) {
    Json answers = Json::array();
    for (const auto& [number, asked] : heard.asked) {
      answers.push_back({{"entity", asked.entity},
                         {"command", asked.command},
                         {"since", FormatTime(asked.since)}});
    }
    if (!answers.empty()) (*json)["answers"] = std::move(answers);
  }

  Result<void> AddWhom(const Heard& heard, int depth, Json* json) {
    Json on = Json::array();
    for (const auto& [who, refusal] : heard.refusals) {
      Json one{{"entity", who},
               {"says",
                fmt::format("refused {}: {}: {}", refusal.command, refusal.code, refusal.message)},
               {"since", FormatTime(refusal.time)},
               {"position", FormatPosition(refusal.position.partition, refusal.position.sequence)},
               {"times", refusal.times}};
      if (auto deeper = Deeper(who, depth, &one); !deeper) return deeper;
      on.push_back(std::move(one));
    }
    for (const auto& [who, subject] : heard.subjects) {
      if (heard.refusals.contains(who) || subject.last.ready == ConditionStatus::kTrue) continue;
      if (path_.contains(who)) {
        // Whoever is above waits on this one: it is not what this one waits for.
        (*json)["waitsForWhoAsks"] = true;
        continue;
      }
      if (subject.last.reason.empty() && subject.last.phase != "Absent") continue;
      Json one{
          {"entity", who},
          {"says", fmt::format("{}{}{}", subject.last.phase,
                               subject.last.reason.empty() ? "" : ", " + subject.last.reason,
                               subject.last.message.empty() ? "" : ": " + subject.last.message)},
          {"since", FormatTime(subject.since)}};
      if (auto deeper = Deeper(who, depth, &one); !deeper) return deeper;
      if (one.contains("waits")) {
        Json& theirs = one["waits"];
        const bool for_us = theirs.erase("waitsForWhoAsks") > 0;
        if (for_us && !theirs.contains("on") && !theirs.contains("actions")) continue;
      }
      on.push_back(std::move(one));
    }
    // First who says what the entity itself says.
    const std::string reason =
        json->contains("ready") ? (*json)["ready"].value("reason", "") : std::string();
    std::stable_sort(on.begin(), on.end(), [&](const Json& a, const Json& b) {
      const auto same = [&](const Json& one) {
        return !reason.empty() && one.value("says", "").find(reason) != std::string::npos;
      };
      return same(a) && !same(b);
    });
    if (!on.empty()) (*json)["on"] = std::move(on);
    return {};
  }

  Result<void> Deeper(const std::string& who, int depth, Json* one) {
    if (depth >= kHopsMax || seen_.contains(who)) return {};
    auto waits = Of(who, depth + 1);
    if (!waits) {
      // Of a kind this build does not have, or a part of a log.
      if (waits.error().code == ErrorCode::kInvalid) return {};
      return tl::unexpected(waits.error());
    }
    (*one)["waits"] = std::move(*waits);
    return {};
  }

  const Archive& archive_;
  const Coverage& point_;
  std::set<std::string> seen_;
  std::set<std::string> path_;  // whom the one at hand is waited for by
};

}  // namespace

Result<Json> WhatItWaitsFor(const Archive& archive, std::string_view entity,
                            const Coverage& point) {
  auto waits = Waiting(archive, point).Of(std::string(entity), 0);
  if (waits) waits->erase("waitsForWhoAsks");
  return waits;
}

}  // namespace sluice::replay
