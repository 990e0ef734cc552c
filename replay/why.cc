// why: what set a value and what led there; what a command led to; why one was refused; what is
// waited for.
#include <algorithm>

#include "events/json.h"
#include "replay/causes.h"
#include "replay/consequences.h"
#include "replay/kept_archive.h"
#include "replay/stretches.h"
#include "replay/waits.h"

namespace sluice::replay {
namespace {

// A condition is what it says and why; its message and generation move along.
std::string ConditionText(const EntityState& state, const std::string& type) {
  const std::string base = "status.conditions[type=" + type + "].";
  const auto status = GetPath(state.root_type(), state.root(), base + "status");
  if (!status) return "";
  const auto reason = GetPath(state.root_type(), state.root(), base + "reason");
  return *status + " " + reason.value_or("");
}

struct Sought {
  std::string condition;  // or
  std::string field;

  std::string Path() const {
    return condition.empty() ? field : "status.conditions[type=" + condition + "]";
  }
  std::string ValueIn(const EntityState& state) const {
    if (!state.Exists()) return "";
    if (!condition.empty()) return ConditionText(state, condition);
    return GetPath(state.root_type(), state.root(), field).value_or("");
  }
};

struct Setting {
  std::optional<DecisionPosition> position;
  std::string shown;  // the whole value, as JSON
  std::string before;
  std::string transition;
};

Result<Setting> FindSetting(const Archive& archive, const std::string& entity, const Sought& sought,
                            uint64_t end) {
  Setting setting;
  bool changed = false;      // in this stretch or one behind it
  bool shown_known = false;  // by one behind it
  const auto visit = [&](const Moment& moment) {
    if (!moment.changed()) return true;
    changed = true;
    if (!shown_known) {
      setting.shown =
          GetPath(moment.after.root_type(), moment.after.root(), sought.Path()).value_or("");
    }
    std::string before = sought.ValueIn(moment.before);
    if (sought.ValueIn(moment.after) == before) return true;
    setting.before = std::move(before);
    setting.position = moment.position();
    setting.transition = moment.Transition();
    return true;
  };
  const auto enough = [&] {
    shown_known = changed;
    return setting.position.has_value();
  };
  auto walked = WalkStretches(archive, entity, end, visit, enough);
  if (!walked) return tl::unexpected(walked.error());
  return setting;
}

// What to ask about where nothing is said: Ready, or the phase where there is none.
Result<Sought> UsualQuestion(const Archive& archive, const std::string& entity,
                             const Coverage& point) {
  auto now = EntityAt(archive, entity, point);
  if (!now) return tl::unexpected(now.error());
  if (!now->ever) {
    return Err(ErrorCode::kNotFound, "{} never was: no decision is about it", entity);
  }
  const auto ready =
      GetPath(now->state->root_type(), now->state->root(), "status.conditions[type=Ready].status");
  // One that is ready and yet not as it should be (Degraded), or on its way to something else, is
  // asked about that.
  const bool for_its_phase =
      ArmedTimer(now->state->relations_part(), "stuck").IsSet() || IsInAnotherPhaseThanReady(*now);
  if (now->Exists() && ready && (*ready != "\"True\"" || !for_its_phase))
    return Sought{.condition = "Ready", .field = ""};
  return Sought{.condition = "", .field = "status.phase"};
}

// Where a chain runs through a subject that only answered how it is: what made it so. Its own chain
// is told under `because`.
Result<void> AddBecause(const Archive& archive, Json* chain, int depth);

Result<Json> WhyValue(const Archive& archive, const std::string& entity, const Sought& sought,
                      uint64_t end, int depth) {
  auto setting = FindSetting(archive, entity, sought, end);
  if (!setting) return tl::unexpected(setting.error());
  Json json{{"entity", entity}, {"path", sought.Path()}, {"value", ParsedJson(setting->shown)}};
  if (!setting->position) {
    json["neverSet"] = true;
    return json;
  }
  json["before"] = setting->before;
  if (!setting->transition.empty()) json["transition"] = setting->transition;
  auto chain = BackwardChain(archive, *setting->position);
  if (!chain) return chain;
  if (auto added = AddBecause(archive, &*chain, depth); !added) {
    return tl::unexpected(added.error());
  }
  json["chain"] = std::move(*chain);
  return json;
}

Result<void> AddBecause(const Archive& archive, Json* chain, int depth) {
  constexpr int kBecauseDepthMax = 6;
  if (depth >= kBecauseDepthMax) return {};
  for (size_t i = 0; i + 1 < chain->size(); ++i) {
    Json& heard = (*chain)[i];
    const Json& sender = (*chain)[i + 1];
    if (heard.value("command", "") != "Observed" || sender.value("command", "") != "Observe") {
      continue;
    }
    const std::string subject = sender.value("entity", "");
    const auto position = ParsePosition(sender.value("position", ""), archive.partitions());
    if (subject.empty() || !position) continue;
    auto why = WhyValue(archive, subject, {.condition = "Ready", .field = ""},
                        position->sequence + 1, depth + 1);
    if (!why) {
      if (why.error().code == ErrorCode::kInvalid) continue;
      return tl::unexpected(why.error());
    }
    if (why->contains("neverSet")) return {};
    // Ready it was, and said so: nothing is to be explained. Further down the chain is how it came
    // to ask.
    const Json& value = (*why)["value"];
    if (!value.is_object() || value.value("status", "") != "True") {
      heard["because"] = std::move(*why);
    }
    return {};
  }
  return {};
}

// For who asked about a condition that the entity has not: "; it has Ready, Progressing".
std::string ConditionsThereAre(const Archive& archive, const std::string& entity,
                               const Coverage& point, const Sought& sought) {
  if (sought.condition.empty()) return "";
  const auto now = EntityAt(archive, entity, point);
  if (!now || now->kind == nullptr || !now->Exists()) return "";
  const auto text = GetPath(now->state->root_type(), now->state->root(), "status.conditions");
  std::string types;
  for (const Json& condition : ParsedJson(text.value_or("[]"))) {
    types += (types.empty() ? "" : ", ") + condition.value("type", "");
  }
  return types.empty() ? "; it has no conditions" : "; it has " + types;
}

Result<Json> WhyEntity(const Asking& asking) {
  auto entity = EntityParameter(asking, "entity");
  if (!entity) return tl::unexpected(entity.error());
  auto point = asking.archive.PointAt(asking.question.Get("at"), asking.options.now);
  if (!point) return tl::unexpected(point.error());
  if (auto was = CheckEverWas(asking.archive, *entity); !was) return tl::unexpected(was.error());
  Sought sought{.condition = asking.question.Get("condition"),
                .field = asking.question.Get("field")};
  if (!sought.condition.empty() && !sought.field.empty()) {
    return Err(ErrorCode::kInvalid, "give a condition or a field, not both");
  }
  if (!sought.field.empty()) {
    const KindInfo* kind = asking.archive.kinds().Find(entity->substr(0, entity->find('/')));
    if (kind != nullptr) {
      auto checked = CheckPath(kind->make()->root_type(), sought.field);
      if (!checked) return Err(ErrorCode::kInvalid, "{}: {}", *entity, checked.error().message);
    }
  }
  const bool usual = sought.condition.empty() && sought.field.empty();
  if (usual) {
    auto asked = UsualQuestion(asking.archive, *entity, *point);
    if (!asked) return tl::unexpected(asked.error());
    sought = std::move(*asked);
  }
  auto why =
      WhyValue(asking.archive, *entity, sought, (*point)[asking.archive.PartitionOf(*entity)], 0);
  if (!why) return why;
  if (why->contains("neverSet") && !usual) {
    return Err(ErrorCode::kNotFound, "{}: {} was never set{}", *entity, sought.Path(),
               ConditionsThereAre(asking.archive, *entity, *point, sought));
  }
  (*why)["at"] = FormatCoverage(*point);
  auto waits = WhatItWaitsFor(asking.archive, *entity, *point);
  if (!waits) return waits;
  (*why)["waits"] = std::move(*waits);
  return why;
}

Result<Json> WhyDecision(const Archive& archive, const DecisionPosition& position) {
  auto tree = ForwardTree(archive, position);
  if (!tree) return tree;
  auto chain = BackwardChain(archive, position);
  if (!chain) return chain;
  if (auto added = AddBecause(archive, &*chain, 0); !added) return tl::unexpected(added.error());
  Json json{{"position", FormatPosition(position.partition, position.sequence)}};
  json["chain"] = std::move(*chain);
  json["led"] = std::move(*tree);
  return json;
}

Result<Json> WhyCommand(const Asking& asking) {
  const std::string id = asking.question.Get("id");
  auto found = FindCommandId(asking, id);
  if (!found) return tl::unexpected(found.error());
  if (found->empty()) {
    return Err(ErrorCode::kNotFound, "no decision is on a command with the id '{}'", id);
  }
  Json decisions = Json::array();
  for (const DecisionPosition& position : *found) {
    auto one = WhyDecision(asking.archive, position);
    if (!one) return one;
    decisions.push_back(std::move(*one));
  }
  return Json{{"id", id}, {"decisions", std::move(decisions)}};
}

}  // namespace

Result<Json> AnswerWhy(const Asking& asked) {
  // Each step of a chain goes through its entity's history.
  const KeptArchive archive(asked.archive);
  const Asking asking{archive, asked.question, asked.options, asked.emit};
  if (asking.question.Has("id")) return WhyCommand(asking);
  if (asking.question.Has("position")) {
    const auto position =
        ParsePosition(asking.question.Get("position"), asking.archive.partitions());
    if (!position) return tl::unexpected(position.error());
    return WhyDecision(asking.archive, *position);
  }
  return WhyEntity(asking);
}

}  // namespace sluice::replay
