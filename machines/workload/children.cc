#include "machines/workload/children.h"

#include <algorithm>

namespace sluice::workload {
namespace {

using M = WorkloadMachine;

PlacementStatus* RowOf(Workload& state, const std::string& placement) {
  for (PlacementStatus& row : state.status.placements) {
    if (row.name == placement) return &row;
  }
  return nullptr;
}

// Adds, or with a sign of -1 takes away. Unsigned arithmetic wraps, so the sum is right either way.
void Count(PlacementStatus& row, const WorkloadDeployment& deployment, uint32_t sign) {
  row.deployments += sign;
  row.available_deployments += sign * (deployment.available ? 1u : 0u);
  row.replicas += sign * deployment.replicas;
  row.current_replicas += sign * deployment.current_replicas;
  row.desired_replicas += sign * deployment.desired_replicas;
  row.ready_replicas += sign * deployment.ready_replicas;
}

void SumUp(Workload& state) {
  WorkloadStatus& status = state.status;
  status.deployments = status.replicas = status.current_replicas = 0;
  status.desired_replicas = status.ready_replicas = 0;
  for (const PlacementStatus& row : status.placements) {
    status.deployments += row.deployments;
    status.replicas += row.replicas;
    status.current_replicas += row.current_replicas;
    status.desired_replicas += row.desired_replicas;
    status.ready_replicas += row.ready_replicas;
  }
}

std::string FaultPrefix(const std::string& placement) { return placement + '\0'; }

// Severity before place, so that the worst comes first.
std::string FaultKey(const WorkloadDeployment& deployment) {
  return FaultPrefix(deployment.placement) + static_cast<char>(deployment.severity) +
         deployment.place;
}

// What is unwanted counts for nothing.
void Account(Workload& state, const WorkloadDeployment& deployment, bool there) {
  if (deployment.unwanted) return;
  if (PlacementStatus* row = RowOf(state, deployment.placement)) {
    Count(*row, deployment, there ? 1u : ~0u);
  }
  if (deployment.severity == 0 || deployment.available) return;
  if (there) {
    state.items.Put(M::kFaults, FaultKey(deployment), MarkItem{});
  } else {
    state.items.Erase<MarkItem>(M::kFaults, FaultKey(deployment));
  }
}

}  // namespace

std::vector<Place> PlacesOf(const WorkloadSpec& spec) {
  std::vector<Place> places;
  for (const Placement& placement : spec.placements) {
    for (const std::string& city : placement.city_codes) {
      places.push_back({placement.name, city, false, &placement.scale_settings});
    }
    for (const NameReference& location : placement.locations) {
      places.push_back({placement.name, location.name, true, &placement.scale_settings});
    }
  }
  return places;
}

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

namespace {

std::string DeploymentName(const std::string& workload, const WorkloadDeployment& deployment) {
  std::vector<std::string> parts = {workload, deployment.placement, LowerCase(deployment.place)};
  if (deployment.taken == 0) return DerivedName(parts);
  if (deployment.taken > 1) parts.push_back(std::to_string(deployment.taken));
  return DerivedNameWithHash(parts);
}

}  // namespace

void ChooseName(const Workload& state, WorkloadDeployment& deployment) {
  deployment.name = DeploymentName(state.metadata.name, deployment);
  while (DeploymentNamed(state, deployment.name)) {
    ++deployment.taken;
    deployment.name = DeploymentName(state.metadata.name, deployment);
  }
}

std::string KeyOf(const std::string& placement, const std::string& place) {
  return placement + '\0' + place;
}

std::optional<WorkloadDeployment> FindDeployment(const Workload& state, const std::string& key) {
  return state.items.Get<WorkloadDeployment>(M::kDeployments, key);
}

std::optional<WorkloadDeployment> DeploymentNamed(const Workload& state, const std::string& name) {
  const auto found = state.items.Get<WorkloadDeploymentName>(M::kNames, name);
  return found ? FindDeployment(state, found->key) : std::nullopt;
}

std::optional<Fault> WorstFault(const Workload& state, const std::string& placement) {
  const std::string prefix = FaultPrefix(placement);
  std::optional<Fault> worst;
  state.items.ScanBytes(M::kFaults, prefix, [&](std::string_view key, std::string_view) {
    if (!key.starts_with(prefix)) return false;
    const std::string place(key.substr(prefix.size() + 1));
    if (const auto deployment = FindDeployment(state, KeyOf(placement, place))) {
      worst = Fault{deployment->severity, deployment->reason, deployment->message};
    }
    return false;
  });
  return worst;
}

void Put(Workload& state, const WorkloadDeployment& deployment) {
  const std::string key = KeyOf(deployment.placement, deployment.place);
  if (const auto present = FindDeployment(state, key)) {
    Account(state, *present, false);
  } else {
    ++state.own.children;
    state.items.Put(M::kNames, deployment.name, WorkloadDeploymentName{.key = key});
  }
  state.items.Put(M::kDeployments, key, deployment);
  Account(state, deployment, true);
  SumUp(state);
}

void Erase(Workload& state, const std::string& key) {
  const auto present = FindDeployment(state, key);
  if (!present) return;
  Account(state, *present, false);
  state.items.Erase<WorkloadDeployment>(M::kDeployments, key);
  state.items.Erase<WorkloadDeploymentName>(M::kNames, present->name);
  --state.own.children;
  SumUp(state);
}

void RebuildRows(Workload& state) {
  std::vector<PlacementStatus> rows;
  for (const Placement& placement : state.spec.placements) {
    PlacementStatus row;
    if (const PlacementStatus* present = RowOf(state, placement.name)) {
      row.conditions = present->conditions;
      row.unmatched = present->unmatched;
    }
    row.name = placement.name;
    rows.push_back(std::move(row));
  }
  state.status.placements = std::move(rows);
  for (const auto& [key, deployment] :
       state.items.Scan<WorkloadDeployment>(M::kDeployments, "", ~size_t{0})) {
    if (deployment.unwanted) continue;
    if (PlacementStatus* row = RowOf(state, deployment.placement)) Count(*row, deployment, 1u);
  }
  SumUp(state);
}

}  // namespace sluice::workload
