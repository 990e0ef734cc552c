#include "machines/deployment/available.h"

#include "machines/network/attachment/attachment.h"

namespace sluice {
namespace {

using deployment::Fault;
using deployment::Severity;
using Phase = DeploymentPhase;

void SettleScheduled(DeploymentDraft& draft) {
  if (draft->status.phase != Phase::kScheduling) {
    draft.SetCondition("Scheduled", ConditionStatus::kTrue, "LocationAssigned",
                       "location " + draft->spec.location.name);
    return;
  }
  const LocationSearch& search = draft->own.search;
  if (!search.answered) return;  // Nothing is known yet.
  const bool none = search.locations == 0;
  const std::string reason = none ? "NoLocations" : "NoCandidateLocations";
  const std::string message =
      none ? "namespace " + draft.context().self.namespace_ + " has no locations"
           : "no location has city code " + draft->spec.city_code;
  draft.SetCondition("Scheduled", ConditionStatus::kFalse, reason, message);
  draft.SetCondition("Available", ConditionStatus::kFalse, reason, message);
}

Fault OfNetwork(const Deployment& state) {
  const auto failure = FailureOf(state.own.attachments);
  if (!failure) return {};
  const bool missing = failure->reason == "NetworkNotFound";
  return {missing ? Severity::kNetworkMissing : Severity::kNetworkFailed, failure->reason,
          failure->message};
}

// The worst of what is known, while nothing is ready.
Fault WorstOf(const Deployment& state) {
  Fault worst = OfNetwork(state);
  if (const auto fault = deployment::WorstFault(state)) {
    if (worst.severity == Severity::kNone || fault->severity < worst.severity) worst = *fault;
  }
  if (worst.severity != Severity::kNone) return worst;
  if (!AllReady(state.own.attachments)) {
    return {Severity::kProvisioningNetwork, "ProvisioningNetwork",
            "waiting for the networks at " + state.spec.location.name};
  }
  // How many would be news to the workload with each address; it is in the instances' own reasons.
  if (state.own.network_gated > 0) {
    return {Severity::kProvisioningNetwork, "ProvisioningNetwork",
            "instances wait for their addresses"};
  }
  if (state.status.replicas > 0) {
    return {Severity::kProvisioningInstances, "ProvisioningInstances",
            fmt::format("0/{} instances are ready", state.status.replicas)};
  }
  return {Severity::kNone, "NoInstances", "there are no instances"};
}

}  // namespace

void SettleAvailable(DeploymentDraft& draft) {
  SettleScheduled(draft);
  if (draft->status.phase == Phase::kScheduling) return;
  const uint32_t ready = draft->status.ready_replicas;
  if (ready > 0) {
    draft.SetCondition("Available", ConditionStatus::kTrue, "StableInstanceFound",
                       fmt::format("{}/{} instances are ready", ready, draft->status.replicas));
    if (draft->status.phase == Phase::kProvisioning) draft.Emit(DeploymentBecameAvailable{});
    return;
  }
  const Fault worst = WorstOf(draft.state());
  draft.SetCondition("Available", ConditionStatus::kFalse, worst.reason, worst.message);
  if (draft->status.phase == Phase::kAvailable) draft.Emit(DeploymentBecameUnavailable{});
}

Severity SeverityOfReason(std::string_view reason) {
  if (reason == "NetworkFailedToCreate") return Severity::kNetworkFailed;
  if (reason == "NetworkNotFound") return Severity::kNetworkMissing;
  if (reason == "SchedulingGatesPresent") return Severity::kGated;
  if (reason == "ProvisioningNetwork") return Severity::kProvisioningNetwork;
  if (reason == "ProvisioningInstances") return Severity::kProvisioningInstances;
  for (const std::string_view unlisted :
       {"StableInstanceFound", "NoInstances", "NoLocations", "NoCandidateLocations", "Pending"}) {
    if (reason == unlisted) return Severity::kNone;
  }
  return Severity::kFailed;
}

}  // namespace sluice
