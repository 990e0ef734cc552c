#include "events/logical.h"
#include "machines/deployment/members.h"
#include "machines/deployment/spec.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {
namespace {

using deployment::RefileAll;

void Enter(Deployment& state, DeploymentPhase phase, const EventContext& context) {
  state.status.phase = phase;
  state.own.phase_since = context.time;
}

// What is kept of ordinals beyond their instances; the names that are another's only if asked to.
void ForgetFailures(Deployment& state, bool keep_names) {
  for (const auto& [key, item] :
       state.items.Scan<OrdinalItem>(DeploymentMachine::kOrdinals, "", ~size_t{0})) {
    uint64_t ordinal = 0;
    for (const char c : key) ordinal = ordinal << 8 | static_cast<unsigned char>(c);
    deployment::PutOrdinal(state, ordinal, OrdinalItem{.taken = keep_names ? item.taken : 0});
  }
}

void TakeSpec(Deployment& state) {
  RefileAll(state, [](Deployment& changed) {
    changed.own.template_hash = TemplateHash(changed.spec.template_);
    changed.own.wanted = static_cast<uint32_t>(changed.spec.scale_settings.min_replicas);
    changed.status.desired_replicas = changed.own.wanted;
  });
}

}  // namespace

void Evolve(Deployment& state, const DeploymentCreated&, const EventContext& context) {
  state.own.phase_since = context.time;
  // Of an incarnation before.
  ForgetFailures(state, /*keep_names=*/false);
  TakeSpec(state);
}

void Evolve(Deployment& state, const DeploymentSpecChanged&) {
  // A new template deserves a try of its own, whatever became of the one before.
  if (TemplateHash(state.spec.template_) != state.own.template_hash) {
    ForgetFailures(state, /*keep_names=*/true);
  }
  TakeSpec(state);
}

// The shared Evolve has set phase and time.
void Evolve(Deployment& state, const DeletionRequested&, const EventContext& context) {
  state.own.phase_since = context.time;
  RefileAll(state, [](Deployment& changed) {
    changed.own.wanted = 0;
    changed.status.desired_replicas = 0;
  });
}

void Evolve(Deployment& state, const LocationSearchChanged& event) {
  state.own.search = event.search;
  state.own.observes_locations = event.observes;
}

void Evolve(Deployment& state, const DeploymentScheduled& event, const EventContext& context) {
  state.spec.location.name = event.location;
  Enter(state, DeploymentPhase::kProvisioning, context);
}

void Evolve(Deployment& state, const DeploymentBecameAvailable&, const EventContext& context) {
  Enter(state, DeploymentPhase::kAvailable, context);
}

void Evolve(Deployment& state, const DeploymentBecameUnavailable&, const EventContext& context) {
  Enter(state, DeploymentPhase::kProvisioning, context);
}

void Evolve(Deployment& state, const DeploymentNetworkChanged& event) {
  state.own.network = event.network;
  state.own.telling = true;
  state.own.told_to = 0;
}

void Evolve(Deployment& state, const DeploymentNetworkTold& event) {
  state.own.telling = !event.finished;
  state.own.told_to = event.finished ? 0 : event.ordinal;
}

void Evolve(Deployment& state, const DeploymentContinuation& event) {
  state.own.continuing = event.under_way;
}

void Evolve(Deployment& state, const MemberChanged& event) {
  deployment::Put(state, event.ordinal, event.member);
}

void Evolve(Deployment& state, const MemberGone& event) { deployment::Erase(state, event.ordinal); }

void Evolve(Deployment& state, const OrdinalChanged& event) {
  deployment::PutOrdinal(state, event.ordinal, event.item);
}

void Evolve(Deployment& state, const DeploymentPlanned& event) { state.status.plan = event.plan; }

void Evolve(Deployment& state, const DeploymentBackOffsChanged& event) {
  state.status.back_offs = event.back_offs;
}

void Evolve(Deployment& state, const AttachmentChanged& event) {
  PutAttachment(state.own.attachments, event.attachment);
}

}  // namespace sluice
