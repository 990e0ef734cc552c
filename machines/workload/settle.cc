// What follows from what a workload keeps: its deployments, its rows, its conditions.
#include "machines/common/stuck.h"
#include "machines/workload/children.h"
#include "machines/workload/place.h"

namespace sluice {
namespace {

using Phase = WorkloadPhase;

constexpr const char* kRetryTimer = "retry";

struct View {
  ConditionStatus status = ConditionStatus::kFalse;
  std::string reason;
  std::string message;
};

std::string Join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

// --- Placements ---

View AvailableOf(const Workload& state, const PlacementStatus& row) {
  if (row.available_deployments > 0) {
    return {
        ConditionStatus::kTrue, "AvailableDeploymentFound",
        fmt::format("{}/{} deployments are available", row.available_deployments, row.deployments)};
  }
  if (auto fault = workload::WorstFault(state, row.name)) {
    return {ConditionStatus::kFalse, std::move(fault->reason), std::move(fault->message)};
  }
  return {ConditionStatus::kFalse, "NoAvailableDeployments",
          fmt::format("none of {} deployments is available", row.deployments)};
}

View MatchedOf(const Workload& state, const PlacementStatus& row) {
  if (!state.own.placed) {
    // Of the spec before, until this one is settled.
    const Condition* present = FindCondition(row.conditions, "LocationsMatched");
    if (present) return {present->status, present->reason, present->message};
    return {ConditionStatus::kUnknown, "Pending", "Waiting for controller"};
  }
  if (row.unmatched.empty()) {
    return {ConditionStatus::kTrue, "LocationsMatched", "every place has a location"};
  }
  return {ConditionStatus::kFalse, "NoMatchingLocation",
          "no location matches " + Join(row.unmatched)};
}

void Set(std::vector<Condition>& conditions, std::string_view type, const View& view,
         const WorkloadDraft& draft) {
  if (auto changed = NextCondition(FindCondition(conditions, type), type, view.status, view.reason,
                                   view.message, draft->metadata.generation, draft.now())) {
    PutCondition(conditions, *changed);
  }
}

void SettleRows(WorkloadDraft& draft) {
  const std::vector<PlacementStatus> rows = draft->status.placements;
  for (const PlacementStatus& row : rows) {
    std::vector<Condition> conditions = row.conditions;
    Set(conditions, "Available", AvailableOf(draft.state(), row), draft);
    Set(conditions, "LocationsMatched", MatchedOf(draft.state(), row), draft);
    if (conditions == row.conditions) continue;
    draft.Emit(PlacementChanged{
        .placement = row.name, .conditions = std::move(conditions), .unmatched = row.unmatched});
  }
}

// --- The workload ---

View AvailableOf(const Workload& state) {
  const auto missing = workload::MissingNetworks(state);
  if (!missing.empty()) {
    return {ConditionStatus::kFalse, "NetworkNotFound", "networks not found: " + Join(missing)};
  }
  const LocationsKnown& known = state.own.known;
  if (!known.answered) {
    return {ConditionStatus::kUnknown, "Pending", "Waiting for controller"};
  }
  if (known.count == 0 && state.status.deployments == 0) {
    return {ConditionStatus::kFalse, "NoLocations",
            "namespace " + state.metadata.namespace_ + " has no locations"};
  }
  std::optional<workload::Fault> worst;
  uint32_t available = 0;
  for (const PlacementStatus& row : state.status.placements) {
    if (row.available_deployments > 0) ++available;
    const auto fault = workload::WorstFault(state, row.name);
    if (fault && (!worst || fault->severity < worst->severity)) worst = fault;
  }
  if (available > 0) {
    return {
        ConditionStatus::kTrue, "AvailablePlacementFound",
        fmt::format("{}/{} placements are available", available, state.status.placements.size())};
  }
  if (worst) return {ConditionStatus::kFalse, worst->reason, worst->message};
  return {ConditionStatus::kFalse, "NoAvailablePlacements",
          fmt::format("none of {} placements is available", state.status.placements.size())};
}

void SettleAvailable(WorkloadDraft& draft) {
  const View view = AvailableOf(draft.state());
  draft.SetCondition("Available", view.status, view.reason, view.message);
  const bool available = view.status == ConditionStatus::kTrue;
  if (available && draft->status.phase == Phase::kProvisioning) {
    draft.Emit(WorkloadBecameAvailable{});
  } else if (!available && draft->status.phase == Phase::kAvailable) {
    draft.Emit(WorkloadBecameUnavailable{});
  }
}

// Deployments first, and nothing after them.
void SettleDeletion(WorkloadDraft& draft) {
  workload::DeleteDeployments(draft);
  draft.SetCondition("Available", ConditionStatus::kFalse, "Deleting", "Workload is being deleted");
  if (draft->own.children == 0) {
    workload::StopLooking(draft);
    return draft.Emit(EntityDeleted{});
  }
  SettleStuck(draft, "its deployments to go", draft->own.phase_since);
}

}  // namespace

void WorkloadMachine::Settle(Draft<WorkloadMachine>& draft) {
  if (!draft->Exists()) return;
  if (draft->IsDeleting()) return SettleDeletion(draft);
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  if (const Retry retry = draft->own.retry;
      retry.next_time.IsSet() && draft.now() >= retry.next_time) {
    draft.Emit(WorkloadRetryChanged{.retry = {.attempt = retry.attempt}});
  }
  workload::Look(draft);
  workload::SettleDeployments(draft);
  SettleRows(draft);
  SettleAvailable(draft);
  draft.Arm(kRetryTimer, draft->own.retry.next_time);
  SettleStuck(draft, draft->status.phase == Phase::kAvailable ? "" : "a deployment to be available",
              draft->own.phase_since);
}

std::vector<Column> WorkloadMachine::Columns() {
  return {{.name = "AVAILABLE", .path = "status.conditions[type=Available].status"},
          {.name = "REASON", .path = "status.conditions[type=Available].reason"},
          {.name = "REPLICAS", .path = "status.replicas"},
          {.name = "READY", .path = "status.readyReplicas"},
          {.name = "DESIRED", .path = "status.desiredReplicas"}};
}

const KindInfo& WorkloadKind() {
  static const KindInfo kind = DefineKind<WorkloadMachine>();
  return kind;
}

}  // namespace sluice
