// What follows from what an instance keeps: its surroundings, phase, conditions and timers.
#include "machines/common/stuck.h"
#include "machines/instance/announce.h"
#include "machines/instance/conditions.h"
#include "machines/instance/rules.h"
#include "machines/instance/server_rules.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {
namespace {

using Phase = InstancePhase;
using InstanceDraft = Draft<InstanceMachine>;

constexpr const char* kExpiryTimer = "expiry";
constexpr const char* kStartTimer = "start";
constexpr const char* kRetryTimer = "retry";

bool IsStep(Phase phase) { return ((instance::kSteps >> static_cast<uint32_t>(phase)) & 1u) != 0; }

// --- Surroundings ---

// A deployment makes the bindings of its instances, and tells where they get their addresses.
void AttachToSubnets(InstanceDraft& draft) {
  const std::vector<InterfaceNetwork> known = draft->own.network->interfaces;
  for (size_t i = draft->own.attachments.size(); i < known.size(); ++i) {
    Attachment attachment;
    attachment.interface = known[i].interface;
    attachment.network = draft->spec->network_interfaces[i].network.name;
    attachment.location = draft->spec->location.name;
    attachment.wants_address = true;
    attachment.context = known[i].context;
    attachment.subnet = known[i].subnet;
    AddAttachment(draft, std::move(attachment));
  }
}

void AddAttachments(InstanceDraft& draft) {
  const OwnerReference* owner = OwnerOf(draft->metadata);
  if (owner && owner->kind == "deployment") return AttachToSubnets(draft);
  const InstanceSpec& spec = draft->spec;
  for (uint32_t i = static_cast<uint32_t>(draft->own.attachments.size());
       i < spec.network_interfaces.size(); ++i) {
    Attachment attachment;
    attachment.interface = i;
    attachment.network = spec.network_interfaces[i].network.name;
    attachment.location = spec.location.name;
    attachment.wants_address = true;
    attachment.binding = AttachmentBindingName(draft.context().self.name, i);
    AddAttachment(draft, std::move(attachment));
  }
}

void SettleSurroundings(InstanceDraft& draft) {
  const EntityKey& self = draft.context().self;
  const InstanceSpec& spec = draft->spec;
  if (spec.location.name.empty()) return;
  if (!draft->own.observes_location) {
    draft.Emit(LocationObservationStarted{});
    draft.Send(EntityKey{"location", self.namespace_, spec.location.name},
               Observe{.observer = self.ToString()});
  }
  AddAttachments(draft);
  const auto& attachments = draft->own.attachments;
  if (!attachments.empty() && AllReady(attachments) &&
      instance::HasGate(draft.state(), kNetworkGate)) {
    draft.Emit(GateCleared{.name = std::string(kNetworkGate)});
  }
}

void EndRetryWait(InstanceDraft& draft) {
  const Retry retry = draft->status.retry;
  if (instance::IsProgrammed(draft.state()) || !retry.next_time.IsSet()) return;
  if (draft.now() >= retry.next_time) draft.Emit(RetryChanged{.retry = {.attempt = retry.attempt}});
}

// Also of a server: that it was built is known once its report was looked at.
void ForgetRetry(InstanceDraft& draft) {
  if (draft->status.retry.attempt == 0 || !instance::IsProgrammed(draft.state())) return;
  draft.Emit(RetryChanged{});
}

// --- Phase ---

void StepUp(InstanceDraft& draft, Phase target) {
  switch (draft->status.phase) {
    case Phase::kGated:
      return draft.Emit(InstanceProgrammingStarted{.generation = draft->metadata->generation});
    case Phase::kProgramming:
      return draft.Emit(InstanceProgrammed{.generation = draft->metadata->generation});
    case Phase::kProgrammed:
      if (target == Phase::kStarting) return draft.Emit(InstanceStartBegan{});
      return draft.Emit(InstanceRan{});
    case Phase::kStarting:
      return draft.Emit(InstanceRan{});
    case Phase::kRunning:
      return draft.Emit(InstanceBecameReady{});
    case Phase::kAbsent:
    case Phase::kReady:
    case Phase::kStopping:
    case Phase::kStopped:
    case Phase::kExpiring:
    case Phase::kExpired:
    case Phase::kFailed:
    case Phase::kDeleting:
    case Phase::kDeleted:
      break;
  }
  throw InvariantViolation("an instance steps up from where there is no step");
}

// From a later step, or from aside.
void EnterStep(InstanceDraft& draft, Phase target) {
  const bool down = IsStep(draft->status.phase);
  switch (target) {
    case Phase::kGated:
      return draft.Emit(InstanceGated{});
    case Phase::kProgramming:
      return draft.Emit(InstanceProgrammingStarted{.generation = draft->metadata->generation});
    case Phase::kProgrammed:
      return draft.Emit(InstanceProgrammed{.generation = draft->metadata->generation});
    case Phase::kStarting:
      if (down) return draft.Emit(InstanceRunLost{});
      return draft.Emit(InstanceStartBegan{});
    case Phase::kRunning:
      if (down) return draft.Emit(InstanceBecameUnready{});
      return draft.Emit(InstanceRan{});
    case Phase::kReady:
      return draft.Emit(InstanceRan{});
    case Phase::kAbsent:
    case Phase::kStopping:
    case Phase::kStopped:
    case Phase::kExpiring:
    case Phase::kExpired:
    case Phase::kFailed:
    case Phase::kDeleting:
    case Phase::kDeleted:
      break;
  }
  throw InvariantViolation("an instance enters what is no step");
}

// What it expires of, before it has, and as it does.
void Expire(InstanceDraft& draft) {
  const Phase from = draft->status.phase;
  const std::string reason = draft->status.expiry_reason;
  if (from != Phase::kExpiring && from != Phase::kFailed) {
    draft.Emit(InstanceExpiryReached{.reason = reason});
  }
  draft.Emit(InstanceExpired{.reason = reason});
  // Its end is a decision of its own, so that whoever watches can see why.
  draft.Send(draft.context().self, Delete{.expected_uid = draft->metadata->uid});
}

void SettlePhase(InstanceDraft& draft) {
  const ClusterConfigSpec& settings = draft.context().Settings();
  const Time due = instance::StartDue(draft.state(), settings);
  const bool expired = draft->status.phase == Phase::kExpired;
  if (!expired && due.IsSet() && draft.now() >= due) {
    draft.Emit(InstanceFailed{
        .reason = "StartDeadlineExceeded",
        .message = "not ready within " + FormatDuration(due - draft->own.starting_since)});
  }
  const Phase target = instance::PhaseAt(draft.state(), draft.now(), settings);
  if (target == draft->status.phase) return;
  if (target == Phase::kExpired) return Expire(draft);
  if (target == Phase::kExpiring) {
    return draft.Emit(InstanceExpiryReached{.reason = draft->status.expiry_reason});
  }
  if (target == Phase::kFailed) {
    return draft.Emit(
        InstanceFailed{.reason = draft->own.failure_reason, .message = draft->own.failure_message});
  }
  if (target == Phase::kStopping) return draft.Emit(InstanceStopBegan{});
  if (target == Phase::kStopped) return draft.Emit(InstanceStopped{});
  if (!IsStep(draft->status.phase) || target < draft->status.phase) EnterStep(draft, target);
  while (draft->status.phase != target) StepUp(draft, target);
}

// --- Timers ---

void SettleTimers(InstanceDraft& draft) {
  const ClusterConfigSpec& settings = draft.context().Settings();
  const Phase phase = draft->status.phase;
  const bool in_grace = phase == Phase::kExpiring || phase == Phase::kFailed;
  Time expiry = in_grace ? instance::GraceEnd(draft.state(), settings) : draft->status.expires_at;
  if (phase == Phase::kExpired) expiry = {};
  draft.Arm(kExpiryTimer, expiry);
  draft.Arm(kStartTimer, instance::StartDue(draft.state(), settings));
  draft.Arm(kRetryTimer, draft->status.retry.next_time);
}

// --- Deletion ---

// The provider first, then addresses and bindings: nobody gets an address that is still in use.
void SettleDeletion(InstanceDraft& draft) {
  draft.Disarm(kExpiryTimer);
  draft.Disarm(kStartTimer);
  draft.Disarm(kRetryTimer);
  draft.SetCondition("Ready", ConditionStatus::kFalse, "Deleting", "Instance is being deleted");
  SettleServerConditions(draft);
  if (!instance::MayBeHeld(draft.state())) {
    ReleaseAttachments(draft, draft->own.attachments);
    if (AllReleased(draft->own.attachments)) {
      if (draft->own.observes_location) {
        const EntityKey& self = draft.context().self;
        draft.Send(EntityKey{"location", self.namespace_, draft->spec->location.name},
                   Unobserve{.observer = self.ToString()});
      }
      DropClaims(draft);
      return draft.Emit(EntityDeleted{});
    }
  }
  SettleStuck(draft, instance::Awaited(draft.state()), draft->own.phase_since);
}

void SettleLife(InstanceDraft& draft) {
  if (draft->IsDeleting()) return SettleDeletion(draft);
  if (draft->status.observed_generation != draft->metadata->generation) {
    GiveUpRebuild(draft);
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata->generation});
  }
  SettleSurroundings(draft);
  EndRetryWait(draft);
  SettleServer(draft);
  ForgetRetry(draft);
  SettlePhase(draft);
  SettleConditions(draft);
  SettleServerConditions(draft);
  SettleTimers(draft);
  SettleStuck(draft, instance::Awaited(draft.state()), draft->own.phase_since);
}

}  // namespace

void InstanceMachine::Settle(Draft<InstanceMachine>& draft) {
  if (!draft->Exists()) return;
  SettleLife(draft);
  instance::HandOverPhase(draft);
}

}  // namespace sluice
