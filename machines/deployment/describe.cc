// What a deployment shows: detail to its workload, columns to users.
#include "machines/deployment/available.h"

namespace sluice {

AnyTable DeploymentMachine::Detail(const State& state) {
  DeploymentDetail detail;
  if (const OwnerReference* owner = OwnerOf(state.metadata)) detail.owner = *owner;
  detail.location = state.spec.location.name;
  detail.template_hash = state.own.template_hash;
  detail.replicas = state.status.replicas;
  detail.current_replicas = state.status.current_replicas;
  detail.desired_replicas = state.status.desired_replicas;
  detail.ready_replicas = state.status.ready_replicas;
  if (const Condition* available = FindCondition(state.status.conditions, "Available")) {
    detail.available = available->status;
    detail.reason = available->reason;
    // With ready ones the counts say it, and they are there already.
    if (available->status != ConditionStatus::kTrue) {
      detail.message = available->message;
      detail.severity = static_cast<uint32_t>(SeverityOfReason(available->reason));
    }
  }
  return AnyTable::Of(std::move(detail));
}

std::vector<IndexEntry> DeploymentMachine::Indexes(const State& state) {
  std::vector<IndexEntry> entries;
  if (!state.spec.location.name.empty()) {
    entries.push_back(
        {.index = "location", .value = state.metadata.namespace_ + "/" + state.spec.location.name});
  }
  if (const OwnerReference* owner = OwnerOf(state.metadata)) {
    entries.push_back({.index = "owner", .value = OwnerKey(*owner)});
  }
  return entries;
}

std::vector<Column> DeploymentMachine::Columns() {
  return {{.name = "AVAILABLE", .path = "status.conditions[type=Available].status"},
          {.name = "REASON", .path = "status.conditions[type=Available].reason"},
          {.name = "REPLICAS", .path = "status.replicas"},
          {.name = "READY", .path = "status.readyReplicas"},
          {.name = "DESIRED", .path = "status.desiredReplicas"},
          {.name = "LOCATION", .path = "spec.location.name"}};
}

const KindInfo& DeploymentKind() {
  static const KindInfo kind = DefineKind<DeploymentMachine>();
  return kind;
}

}  // namespace sluice
