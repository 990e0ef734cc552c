// What only pools have: their health, their settings, and Evict.
#include "machines/deployment/pool/pool.h"

#include <set>

#include "machines/deployment/members.h"

namespace sluice {
namespace deployment {
namespace {

void CheckCount(const std::optional<int32_t>& count, const std::string& path, FieldErrors& errors) {
  if (count && *count < 0) errors.Add(path, "is negative");
}

}  // namespace

bool IsPool(const DeploymentSpec& spec) { return spec.backend == "server"; }

void ValidatePool(const DeploymentSpec& spec, FieldErrors& errors) {
  const ScaleSettings& scale = spec.scale_settings;
  const std::string at = "spec.scaleSettings.";
  if (!IsPool(spec)) {
    if (scale.max_unavailable) errors.Add(at + "maxUnavailable", "is for pools: backend: server");
    if (scale.max_surge) errors.Add(at + "maxSurge", "is for pools: backend: server");
    return;
  }
  if (scale.instance_management_policy != ManagementPolicy::kRolling) {
    errors.Add(at + "instanceManagementPolicy", "is Parallel; a pool is Rolling");
  }
  CheckCount(scale.max_unavailable, at + "maxUnavailable", errors);
  CheckCount(scale.max_surge, at + "maxSurge", errors);
  if (scale.max_unavailable.value_or(1) == 0 && scale.max_surge.value_or(0) == 0) {
    errors.Add(at + "maxUnavailable", "and maxSurge are both 0: nothing could ever be updated");
  }
  if (spec.template_.spec.backend != "server") {
    errors.Add("spec.template.spec.backend", "must be server in a pool");
  }
}

void SettlePoolHealth(DeploymentDraft& draft) {
  if (!IsPool(draft->spec)) return;
  const DeploymentOwn& own = draft->own;
  const uint32_t members = draft->status.replicas;
  const std::string health =
      pool::GroupHealth(members, own.healthy, own.errored, own.health_unknown);
  const ConditionStatus status = health == "Healthy"   ? ConditionStatus::kTrue
                                 : health == "Unknown" ? ConditionStatus::kUnknown
                                                       : ConditionStatus::kFalse;
  draft.SetCondition("Healthy", status, health,
                     fmt::format("{} of {} healthy, {} errored, {} unknown", own.healthy, members,
                                 own.errored, own.health_unknown));
}

}  // namespace deployment

namespace {

using deployment::FindMember;

std::optional<Rejection> FaultOfEviction(const Deployment& state, const EvictInstances& command,
                                         const DecideContext& context) {
  const std::string self = context.self.ToString();
  if (!deployment::IsPool(state.spec)) {
    return Rejection::FailedPrecondition("spec.backend", self + " is no pool");
  }
  if (state.IsDeleting()) return Rejection::Deleting(self + " is being deleted");
  const OwnerReference* owner = OwnerOf(state.metadata);
  if (owner && owner->kind == "workload") {
    return Rejection::FailedPrecondition(
        "metadata.ownerReferences",
        self + " belongs to " + OwnerKey(*owner) + ", which says how many there are");
  }
  if (command.instances.empty()) {
    return Rejection::InvalidArgument("payload.instances", "names nobody");
  }
  if (state.own.evicting > 0) {
    return Rejection::FailedPrecondition(
        "status.plan", fmt::format("an eviction of {} instances is pending", state.own.evicting));
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < command.instances.size(); ++i) {
    const std::string path = fmt::format("payload.instances[{}]", i);
    const std::string& name = command.instances[i];
    if (!seen.insert(name).second) {
      return Rejection::InvalidArgument(path, name + " is there twice");
    }
    const auto ordinal = deployment::OrdinalNamed(state, name);
    const auto member = ordinal ? FindMember(state, *ordinal) : std::nullopt;
    if (!member || member->uid.empty()) {
      return Rejection::FailedPrecondition(path, self + " has no instance " + name);
    }
    if (member->deleting) {
      return Rejection::FailedPrecondition(path, name + " is being deleted");
    }
  }
  return std::nullopt;
}

}  // namespace

// Replicas and members in one decision: nobody sees one without the other.
DecideResult Decide(const Deployment& state, const EvictInstances& command,
                    const DecideContext& context) {
  if (auto fault = FaultOfEviction(state, command, context)) return Reject(*fault);
  DeploymentDraft draft(state, context);
  for (const std::string& name : command.instances) {
    const uint64_t ordinal = *deployment::OrdinalNamed(draft.state(), name);
    DeploymentMember member = *FindMember(draft.state(), ordinal);
    member.evicted = true;
    draft.Emit(MemberChanged{.ordinal = ordinal, .member = std::move(member)});
  }
  DeploymentSpec spec = draft->spec;
  int32_t& replicas = spec.scale_settings.min_replicas;
  replicas = std::max(0, replicas - static_cast<int32_t>(command.instances.size()));
  draft.Emit(DeploymentSpecChanged{.spec = std::move(spec)});
  DeploymentMachine::Settle(draft);
  return draft.Take();
}

}  // namespace sluice
