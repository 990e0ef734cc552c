// Commands record what they tell; the pass is Settle's.
#include "machines/common/retry.h"
#include "machines/common/stuck.h"
#include "machines/component/pass.h"
#include "machines/component/reasons.h"
#include "machines/component/state.h"

namespace sluice {
namespace {

using namespace component;  // NOLINT: the rules' helpers

DecideResult Settled(ComponentDraft& draft) {
  ComponentMachine::Settle(draft);
  return draft.Take();
}

struct Place {
  const ComponentPart* part = nullptr;
  const ComponentResource* resource = nullptr;
};

tl::expected<Place, Rejection> Locate(const Component& component, const std::string& name,
                                      const std::string& id) {
  FieldErrors errors;
  if (name.empty()) errors.Add("payload.component", "is required");
  if (id.empty()) errors.Add("payload.id", "is required");
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  Place place{.part = FindPart(component.spec, name)};
  if (!place.part) {
    return Reject(Rejection::NotFound("payload.component: there is no component '" + name + "'"));
  }
  place.resource = FindResource(*place.part, id);
  if (!place.resource) {
    return Reject(
        Rejection::NotFound("payload.id: component " + name + " has no resource '" + id + "'"));
  }
  return place;
}

ResourceOperation OperationOf(bool was_there, const std::optional<ResourceReport>& before,
                              const ResourceReport& now) {
  if (now.status == "Error") return ResourceOperation::kError;
  if (now.status == "Absent") {
    return was_there ? ResourceOperation::kDelete : ResourceOperation::kNone;
  }
  if (!was_there) return ResourceOperation::kCreate;
  if (now.status == "Suspended" && before && before->status != "Suspended") {
    return ResourceOperation::kSuspend;
  }
  return ResourceOperation::kUpdate;
}

DecideResult SetSuspended(const Component& component, const std::string& name, bool suspended,
                          const DecideContext& context) {
  if (component.IsDeleting()) {
    return Reject(Rejection::Deleting(context.self.ToString() + " is being deleted"));
  }
  if (!FindPart(component.spec, name)) {
    return Reject(Rejection::NotFound("payload.component: there is no component '" + name + "'"));
  }
  ComponentSpec spec = component.spec;
  for (ComponentPart& part : spec.components) {
    if (part.name == name) part.suspended = suspended;
  }
  if (spec == component.spec) return NoChange();
  ComponentDraft draft(component, context);
  draft.Emit(ComponentSpecChanged{.spec = std::move(spec)});
  return Settled(draft);
}

std::string OwnerText(const Component& component) { return OwnerOfSpec(component.spec).ToString(); }

// Everything the components look after, then their conditions.
void SettleDeletion(ComponentDraft& draft) {
  draft.Disarm("grace");
  draft.Disarm("write");
  bool waits = !draft->status.leaving.empty();
  const std::vector<ComponentPart> parts = draft->spec.components;
  for (const ComponentPart& part : parts) {
    ComponentPartStatus next{.name = part.name, .condition = {}, .actions = {}};
    const ComponentPartStatus* present = FindStatus(draft.state(), part.name);
    if (present) next.condition = present->condition;
    next.actions = Removals(draft.state(), part);
    waits = waits || !next.actions.empty();
    if (!present || !(*present == next)) draft.Emit(ComponentStaged{.part = std::move(next)});
  }
  draft.SetCondition("Ready", ConditionStatus::kFalse, "Deleting", "is being deleted");
  if (!waits) {
    WithdrawConditions(draft);
    draft.Emit(EntityDeleted{});
    return;
  }
  SettleStuck(draft, "its resources to go", draft->own.phase_since);
}

void SettleOwner(ComponentDraft& draft) {
  const EntityKey owner = OwnerOfSpec(draft->spec);
  if (draft->own.watching != owner.ToString()) {
    draft.Emit(OwnerWatched{.owner = owner.ToString()});
    draft.Send(owner, WatchConditions{.watcher = draft.context().self.ToString()});
  }
  const bool active = draft->status.phase == ComponentPhase::kActive;
  if (draft->own.owner_exists && !active) draft.Emit(OwnerFound{});
  if (!draft->own.owner_exists && active) draft.Emit(OwnerLost{});
}

void SettleReady(ComponentDraft& draft) {
  const Condition aggregate = draft->status.aggregate;
  if (!draft->own.owner_exists) {
    draft.SetCondition("Ready", ConditionStatus::kUnknown, "OwnerNotFound",
                       OwnerText(draft.state()) + " is not there");
  } else {
    draft.SetCondition("Ready", aggregate.status, aggregate.reason, aggregate.message);
  }
}

}  // namespace

DecideResult Decide(const Component& component, const ReportResource& command,
                    const DecideContext& context) {
  const LeavingResource* leaving = FindLeaving(component, command.component, command.id);
  const auto place = Locate(component, command.component, command.id);
  if (!leaving && !place) return Reject(place.error());
  const ResourceFamily family = leaving ? leaving->family : place->resource->family;
  FieldErrors errors;
  if (!MayReport(family, command.status)) {
    errors.Add("payload.status",
               "'" + command.status + "' is no status of family " + std::string(ToString(family)));
  }
  if (command.ready < 0) errors.Add("payload.ready", "is negative");
  if (command.desired < 0) errors.Add("payload.desired", "is negative");
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  const auto before = ReportOf(component, command.component, command.id);
  const int64_t newest = before ? before->generation : leaving ? leaving->generation : 0;
  if (command.generation != 0 && command.generation < newest) return Ignore();
  ResourceReport report{.status = command.status,
                        .message = command.message,
                        .generation = command.generation,
                        .ready = command.ready,
                        .desired = command.desired,
                        .gradable = command.gradable,
                        .data = command.data};
  ComponentDraft draft(component, context);
  if (before != report) {
    const ResourceOperation operation = OperationOf(leaving || IsThere(before), before, report);
    draft.Emit(ResourceReported{.component = command.component,
                                .id = command.id,
                                .report = std::move(report),
                                .operation = operation});
  }
  if (leaving && command.status == "Absent") {
    draft.Emit(ResourceForgotten{.component = command.component, .id = command.id});
  }
  return Settled(draft);
}

DecideResult Decide(const Component& component, const ReportGuard& command,
                    const DecideContext& context) {
  const auto place = Locate(component, command.component, command.id);
  if (!place) return Reject(place.error());
  if (place->resource->guard != "reported") {
    return Reject(Rejection::FailedPrecondition(
        "payload.id", "the guard of " + command.id + " is not one that is reported"));
  }
  const GuardReport report{.met = command.met, .reason = command.reason};
  const auto before = component.items.Get<GuardReport>(ComponentMachine::kGuards,
                                                       ItemKeyOf(command.component, command.id));
  ComponentDraft draft(component, context);
  if (before != report) {
    draft.Emit(GuardReported{.component = command.component, .id = command.id, .report = report});
  }
  return Settled(draft);
}

DecideResult Decide(const Component& component, const ReportGate& command,
                    const DecideContext& context) {
  if (command.name.empty()) {
    return Reject(Rejection::InvalidArgument("payload.name", "is required"));
  }
  const GateState gate{.name = command.name, .on = command.on, .error = command.error};
  const GateState* before = FindGate(component, command.name);
  ComponentDraft draft(component, context);
  if (!before || !(*before == gate)) draft.Emit(GateReported{.gate = gate});
  return Settled(draft);
}

DecideResult Decide(const Component& component, const SuspendComponent& command,
                    const DecideContext& context) {
  return SetSuspended(component, command.component, true, context);
}

DecideResult Decide(const Component& component, const ResumeComponent& command,
                    const DecideContext& context) {
  return SetSuspended(component, command.component, false, context);
}

DecideResult Decide(const Component& component, const ConditionsObserved& seen,
                    const DecideContext& context) {
  if (!component.Exists() || seen.subject != component.own.watching) return Ignore();
  const ComponentOwn& own = component.own;
  const bool same = own.owner_exists == seen.exists && own.owner_uid == seen.uid &&
                    own.owner_generation == seen.generation &&
                    own.owner_conditions == seen.conditions;
  ComponentDraft draft(component, context);
  if (!same) {
    draft.Emit(OwnerConditionsSeen{.exists = seen.exists,
                                   .uid = seen.uid,
                                   .generation = seen.generation,
                                   .conditions = seen.conditions});
  }
  return Settled(draft);
}

DecideResult Decide(const Component& component, const Outcome& outcome,
                    const DecideContext& context) {
  if (outcome.number == 0 || outcome.number != component.own.write_outcome) return Ignore();
  ComponentDraft draft(component, context);
  const Retry retry = outcome.accepted
                          ? Retry{}
                          : NextRetry(component.status.retry, context.time, context.Settings());
  draft.Emit(ConditionsSendAnswered{.accepted = outcome.accepted,
                                    .code = outcome.code,
                                    .message = outcome.message,
                                    .retry = retry});
  draft.SetCondition("Written", outcome.accepted ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                     outcome.accepted ? "Written" : outcome.code, outcome.message);
  return Settled(draft);
}

void ComponentMachine::Settle(ComponentDraft& draft) {
  if (!draft->Exists()) return;
  SettleDropped(draft);
  if (draft->IsDeleting()) return SettleDeletion(draft);
  SettleOwner(draft);
  if (draft->own.owner_exists) RunPass(draft);
  SettleWrite(draft);
  SettleReady(draft);
  // Nothing is tried again while nobody is there.
  draft.Arm("write", draft->own.owner_exists ? draft->status.retry.next_time : Time{});
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  const bool waits = draft->status.phase == ComponentPhase::kPending;
  SettleStuck(draft, waits ? OwnerText(draft.state()) + " to appear" : "", draft->own.phase_since);
}

}  // namespace sluice
