#include "replay/waits.h"

#include <algorithm>
#include <set>

#include "events/json.h"
#include "replay/causes.h"
#include "replay/heard.h"
#include "replay/timeline.h"

namespace sluice::replay {
namespace {

constexpr int kHopsMax = 12;
// Armed while a machine waits for something, in every kind (machines/common/stuck.h).
constexpr std::string_view kStuckTimer = "stuck";

}  // namespace

bool IsInAnotherPhaseThanReady(const PastEntity& entity) {
  constexpr std::string_view kReady = "Ready";
  const std::vector<std::string>& names = entity.kind->phase_names;
  return std::find(names.begin(), names.end(), kReady) != names.end() &&
         entity.kind->PhaseName(entity.kind->phase(*entity.state)) != kReady;
}

namespace {

class Waiting {
 public:
  Waiting(const Archive& archive, const Coverage& point) : archive_(archive), point_(point) {}

  Result<Json> Of(const std::string& entity, int depth) {
    Json json{{"entity", entity}};
    seen_.insert(entity);
    path_.insert(entity);
    const std::shared_ptr<void> left(nullptr, [&](void*) { path_.erase(entity); });
    auto now = EntityAt(archive_, entity, point_);
    if (!now) return tl::unexpected(now.error());
    json["exists"] = now->Exists();
    if (!now->marks.quarantined.empty()) json["quarantined"] = now->marks.quarantined;
    const bool as_wanted = AddState(*now, &json) && now->Exists();
    // Nobody waits on account of what such a one went through.
    if (as_wanted && depth > 0) return json;
    const auto heard_or_not = as_wanted ? HeardLately(entity) : HeardEver(entity);
    if (!heard_or_not) return tl::unexpected(heard_or_not.error());
    const Heard& heard = *heard_or_not;
    if (heard.last_failure) json["lastFailure"] = *heard.last_failure;
    if (as_wanted) return json;
    AddActions(*now, heard, &json);
    AddAnswers(heard, &json);
    auto on = AddWhom(heard, depth, &json);
    if (!on) return tl::unexpected(on.error());
    return json;
  }

 private:
  uint64_t EndOf(const std::string& entity) const { return point_[archive_.PartitionOf(entity)]; }

  Result<Heard> HeardEver(const std::string& entity) const {
    Heard heard;
    auto walked = WalkTimeline(archive_, entity, EndOf(entity), [&](const Moment& moment) {
      heard.Hear(moment);
      return true;
    });
    if (!walked) return tl::unexpected(walked.error());
    return heard;
  }
  // Its last failure, if that is not long ago: a location has a decision for each of its instances.
  // In the order of its decisions, as an outcome is one of what was asked before.
  Result<Heard> HeardLately(const std::string& entity) const {
    constexpr size_t kDecisions = 512;
    Heard heard;
    const uint64_t end = EndOf(entity);
    const auto sequences = archive_.LastSequences(entity, end, kDecisions);
    if (!sequences) return tl::unexpected(sequences.error());
    Timeline timeline(archive_, entity);
    if (sequences->size() == kDecisions) {
      if (auto skipped = timeline.Skip(sequences->front()); !skipped) {
        return tl::unexpected(skipped.error());
      }
    }
    auto walked = timeline.Walk(end, [&](const Moment& moment) {
      heard.Hear(moment);
      return true;
    });
    if (!walked) return tl::unexpected(walked.error());
    return heard;
  }

  // Whether it is as wanted: ready, or without a Ready to be, and in no other phase than that.
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
    const bool wanted = !state.IsDeleting() && !waits &&
                        (!has_ready || seen.ready == ConditionStatus::kTrue) &&
                        !IsInAnotherPhaseThanReady(entity);
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
