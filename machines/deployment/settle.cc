// What follows from what a deployment keeps: its networks, what its instances are asked, its end.
#include "machines/common/stuck.h"
#include "machines/deployment/actions.h"
#include "machines/deployment/available.h"
#include "machines/deployment/back_offs.h"
#include "machines/deployment/manager.h"
#include "machines/deployment/members.h"
#include "machines/deployment/place.h"
#include "machines/deployment/pool/pool.h"
#include "machines/deployment/spec.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {
namespace {

using Phase = DeploymentPhase;

// --- Networks ---

InstanceNetwork NetworkOf(const std::vector<Attachment>& attachments) {
  InstanceNetwork network;
  if (AllReady(attachments)) {
    for (const Attachment& attachment : attachments) {
      network.interfaces.push_back({.interface = attachment.interface,
                                    .context = attachment.context,
                                    .subnet = attachment.subnet});
    }
  } else if (auto failure = FailureOf(attachments)) {
    network.reason = std::move(failure->reason);
    network.message = std::move(failure->message);
  }
  return network;
}

void SettleNetworks(DeploymentDraft& draft) {
  const auto& interfaces = draft->spec.template_.spec.network_interfaces;
  for (uint32_t i = static_cast<uint32_t>(draft->own.attachments.size()); i < interfaces.size();
       ++i) {
    Attachment attachment;
    attachment.interface = i;
    attachment.network = interfaces[i].network.name;
    attachment.location = draft->spec.location.name;
    attachment.binding = AttachmentBindingName(draft.context().self.name, i);
    AddAttachment(draft, std::move(attachment));
  }
  InstanceNetwork network = NetworkOf(draft->own.attachments);
  if (!(network == draft->own.network)) {
    draft.Emit(DeploymentNetworkChanged{.network = std::move(network)});
  }
}

// --- Instances ---

void SettleInstances(DeploymentDraft& draft) {
  const deployment::Manager& manager = deployment::ManagerOf(draft.state());
  deployment::EndBackOffs(draft);
  deployment::TellNetworks(draft);
  const bool more = manager.carry_out(draft);
  if ((more || draft->own.telling) && !draft->own.continuing) {
    draft.Emit(DeploymentContinuation{.under_way = true});
    draft.Send(draft.context().self, ContinueDeployment{});
  }
  deployment::ShowBackOffs(draft);
  DeploymentPlan plan = manager.plan(draft.state(), draft.context().self.name);
  if (!(plan == draft->status.plan)) draft.Emit(DeploymentPlanned{.plan = std::move(plan)});
}

// --- Deletion ---

// Instances first, then what they were attached to.
void SettleDeletion(DeploymentDraft& draft) {
  deployment::StopLooking(draft);
  SettleInstances(draft);
  SettleAvailable(draft);
  deployment::SettlePoolHealth(draft);
  if (draft->own.members == 0) {
    ReleaseAttachments(draft, draft->own.attachments);
    if (AllReleased(draft->own.attachments)) {
      deployment::LeavePlace(draft);
      return draft.Emit(EntityDeleted{});
    }
  }
  SettleStuck(draft, draft->own.members > 0 ? "its instances to go" : "its networks to go",
              draft->own.phase_since);
}

std::string Awaited(const Deployment& state) {
  if (state.status.phase == Phase::kScheduling) {
    return "a location in " + state.spec.city_code;
  }
  if (state.status.phase == Phase::kProvisioning && state.own.wanted > 0) {
    return "an instance to be ready";
  }
  return "";
}

}  // namespace

void DeploymentMachine::Settle(Draft<DeploymentMachine>& draft) {
  if (!draft->Exists()) return;
  if (draft->IsDeleting()) return SettleDeletion(draft);
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  deployment::SettlePlace(draft);
  if (draft->status.phase != Phase::kScheduling) {
    SettleNetworks(draft);
    SettleInstances(draft);
  }
  SettleAvailable(draft);
  deployment::SettlePoolHealth(draft);
  SettleStuck(draft, Awaited(draft.state()), draft->own.phase_since);
}

}  // namespace sluice
