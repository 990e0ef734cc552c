#include "engine/condition_counters.h"

#include <algorithm>

#include "events/component.gen.h"
#include "events/conditions.gen.h"
#include "events/result.h"
#include "machines/counted_events.h"

namespace sluice {
namespace {

std::string OperationText(ResourceOperation operation) {
  switch (operation) {
    case ResourceOperation::kNone:
      return "none";
    case ResourceOperation::kCreate:
      return "created";
    case ResourceOperation::kUpdate:
      return "updated";
    case ResourceOperation::kSuspend:
      return "suspended";
    case ResourceOperation::kDelete:
      return "deleted";
    case ResourceOperation::kError:
      return "error";
  }
  Unreachable();
}

// A command upon which a component passes over its parts; answers of its owner are not counted.
bool IsPass(const Decision& decision) {
  const AnyTable& payload = decision.command->payload;
  return decision.command->entity.starts_with("component/") &&
         (payload.As<ReportResource>() || payload.As<ReportGuard>() || payload.As<ReportGate>() ||
          payload.As<SuspendComponent>() || payload.As<ResumeComponent>() ||
          payload.As<ComponentApply>() || payload.As<TimerDue>());
}

bool Writes(const Decision& decision) {
  const auto& follow_ups = decision.effects.follow_ups;
  return std::any_of(follow_ups.begin(), follow_ups.end(), [](const FollowUp& follow_up) {
    return follow_up.command && follow_up.command->payload.As<WriteConditions>();
  });
}

}  // namespace

void ConditionCounters::Count(const Decision& decision) {
  if (!decision.command || decision.verdict != Verdict::kAccepted) return;
  const std::string& entity = decision.command->entity;
  const bool is_write = decision.command->payload.As<WriteConditions>() != nullptr;
  if (is_write) ++(decision.events.empty() ? status_writes_avoided : status_writes);
  if (IsPass(decision) && !Writes(decision)) ++status_writes_avoided;
  for (const Event& event : decision.events) {
    for (const CountedEvent& counted : BuiltinCountedEvents()) {
      if (event.payload.type() != counted.type) continue;
      ++events[{counted.metric, counted.value(event.payload)}];
    }
    const auto* changed = event.payload.As<ConditionChanged>();
    const auto* removed = event.payload.As<ConditionRemoved>();
    if (is_write && changed) {
      const Condition& condition = changed->condition;
      conditions[{entity, condition.type}] = {std::string(ToString(condition.status)),
                                              condition.reason, condition.last_transition_time};
    } else if (removed) {
      conditions.erase({entity, removed->type});
    } else if (const auto* reported = event.payload.As<ResourceReported>()) {
      ++resource_applies[OperationText(reported->operation)];
      if (reported->operation == ResourceOperation::kError) ++resource_apply_errors;
    } else if (event.payload.As<EntityDeleted>()) {
      const auto from = conditions.lower_bound({entity, ""});
      auto to = from;
      while (to != conditions.end() && to->first.first == entity) ++to;
      conditions.erase(from, to);
    }
  }
}

}  // namespace sluice
