// A pass: every component in its order, then the aggregate.
#include "machines/component/pass.h"

#include <algorithm>
#include <array>

#include "machines/component/reasons.h"
#include "machines/component/state.h"

namespace sluice::component {
namespace {

constexpr std::array<std::string_view, 4> kAsksPrerequisites = {"Unknown", "PrerequisiteNotMet",
                                                                "Disabled", "FeatureGateError"};

// As staged by this pass or the last one, else as the owner shows it.
bool IsMet(const Component& component, const std::string& type) {
  for (const ComponentPart& part : component.spec.components) {
    if (part.condition_type != type) continue;
    const ComponentPartStatus* staged = FindStatus(component, part.name);
    return staged && staged->condition.status == ConditionStatus::kTrue;
  }
  return IsTrue(component.own.owner_conditions, type);
}

const std::string* FirstUnmet(const Component& component, const ComponentPart& part) {
  for (const ComponentPrerequisite& prerequisite : part.prerequisites) {
    if (!IsMet(component, prerequisite.depends_on)) return &prerequisite.depends_on;
  }
  return nullptr;
}

Condition PresentOf(const Component& component, const ComponentPart& part, Time now) {
  const ComponentPartStatus* staged = FindStatus(component, part.name);
  if (staged && staged->condition.type == part.condition_type) return staged->condition;
  return {.type = part.condition_type,
          .status = ConditionStatus::kUnknown,
          .reason = "Unknown",
          .message = "",
          .observed_generation = 0,
          .last_transition_time = now};
}

void Append(std::vector<ResourceAction>& to, const std::vector<ResourceAction>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

ComponentPartStatus Suspend(const Component& component, const ComponentPart& part,
                            const Condition& present, Time now) {
  const Findings findings = FindSuspended(component, part);
  Summary summary = SummaryOf(findings.counted);
  if (findings.counted.empty()) summary = {"Suspended", ""};
  return {.name = part.name,
          .condition = Restated(present, summary, now, false),
          .actions = findings.applies};
}

ComponentPartStatus Evaluate(const Component& component, const ComponentPart& part, Time now) {
  const Condition present = PresentOf(component, part, now);
  ComponentPartStatus staged{.name = part.name, .condition = {}, .actions = {}};
  const GateState* gate =
      part.feature_gate ? FindGate(component, part.feature_gate->name) : nullptr;
  if (gate && !gate->error.empty()) {
    staged.condition = Restated(present, {"FeatureGateError", gate->error}, now, false);
    return staged;
  }
  if (gate && !gate->on) {
    staged.condition =
        Restated(present, {"Disabled", "gate " + gate->name + " is off"}, now, false);
    staged.actions = Removals(component, part);
    return staged;
  }
  const bool asks = std::find(kAsksPrerequisites.begin(), kAsksPrerequisites.end(),
                              present.reason) != kAsksPrerequisites.end();
  if (const std::string* unmet = asks ? FirstUnmet(component, part) : nullptr) {
    staged.condition = Restated(
        present, {"PrerequisiteNotMet", "condition " + *unmet + " is not True"}, now, false);
    return staged;
  }
  if (part.suspended) return Suspend(component, part, present, now);
  const Findings findings = FindResources(component, part);
  staged.actions = findings.applies;
  if (findings.error) {
    staged.condition = Restated(present, {"Error", findings.error->message}, now, false);
    return staged;
  }
  staged.condition = Converge(part, present, findings, now);
  Append(staged.actions, findings.deletions);
  Append(staged.actions, findings.releases);
  return staged;
}

// True iff all are; else the highest priority decides, ties by order.
Condition AggregateOf(const Component& component, Time now) {
  Condition next = component.status.aggregate;
  const Condition* decider = nullptr;
  bool all_true = true;
  for (const ComponentPart& part : component.spec.components) {
    const Condition& condition = FindStatus(component, part.name)->condition;
    const bool is_true = condition.status == ConditionStatus::kTrue;
    const bool first_untrue = all_true && !is_true;
    all_true = all_true && is_true;
    if (is_true && !all_true) continue;
    if (!decider || first_untrue || PriorityOf(condition.reason) > PriorityOf(decider->reason)) {
      decider = &condition;
    }
  }
  const ConditionStatus before = next.status;
  next.status = decider ? decider->status : ConditionStatus::kUnknown;
  next.reason = decider ? decider->reason : "NoComponents";
  next.message = decider && !all_true ? decider->type + ": " + decider->message : "";
  const bool is_new = next.type != component.spec.aggregate;
  if (is_new || next.status != before) next.last_transition_time = now;
  next.type = component.spec.aggregate;
  next.observed_generation = component.own.owner_generation;
  return next;
}

void ArmGrace(ComponentDraft& draft) {
  Time first;
  for (const ComponentPart& part : draft->spec.components) {
    const Time end = GraceEnd(part, FindStatus(draft.state(), part.name)->condition);
    if (end.IsSet() && end > draft.now() && (!first.IsSet() || end < first)) first = end;
  }
  draft.Arm("grace", first);
}

}  // namespace

void RunPass(ComponentDraft& draft) {
  const std::vector<ComponentPart> parts = draft->spec.components;
  for (const ComponentPart& part : parts) {
    ComponentPartStatus staged = Evaluate(draft.state(), part, draft.now());
    staged.condition.observed_generation = draft->own.owner_generation;
    const ComponentPartStatus* present = FindStatus(draft.state(), part.name);
    if (!present || !(*present == staged)) draft.Emit(ComponentStaged{.part = std::move(staged)});
  }
  Condition aggregate = AggregateOf(draft.state(), draft.now());
  if (!(aggregate == draft->status.aggregate)) {
    draft.Emit(AggregateStaged{.condition = std::move(aggregate)});
  }
  ArmGrace(draft);
}

}  // namespace sluice::component
