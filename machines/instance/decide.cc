// What users and owners ask of an instance.
#include <algorithm>

#include "machines/instance/rules.h"
#include "machines/instance/server_rules.h"

namespace sluice {
namespace {

// The command with what it does not decide set right: controller is the machine's own once the
// instance exists; before, an instance that attaches itself waits for its network.
template <class C>
C Prepare(const Instance& instance, const C& command, bool attaches_itself) {
  C prepared = command;
  if (instance.Exists()) {
    prepared.spec.controller = instance.spec->controller;
    if (!prepared.spec.lineage) prepared.spec.lineage = instance.spec->lineage;
    return prepared;
  }
  if (attaches_itself) instance::GateOnNetwork(prepared.spec);
  return prepared;
}

template <class C>
DecideResult Upsert(const Instance& instance, const C& command, bool attaches_itself,
                    const DecideContext& context) {
  const C prepared = Prepare(instance, command, attaches_itself);
  FieldErrors errors;
  if (!instance.Exists()) ValidateKey(context.self, errors);
  // As the user wrote it, so that paths are the user's; what is ignored cannot be at fault.
  ValidateInstanceSpec(instance.Exists() ? prepared.spec : command.spec, command.annotations,
                       errors);
  if (command.spec.lineage &&
      (!instance.Exists() || command.spec.lineage != instance.spec->lineage)) {
    errors.Add("spec.lineage", "is a replacement's own; see the command Replace");
  }
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  return DecideGeneric<InstanceMachine>(instance, prepared, context);
}

// What is known of its networks it is told at birth.
DecideResult BornOfDeployment(const Instance& instance, const InstanceCreate& command,
                              const DecideContext& context) {
  FieldErrors errors;
  ValidateKey(context.self, errors);
  ValidateInstanceSpec(command.spec, command.annotations, errors);
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  Draft<InstanceMachine> draft(instance, context);
  draft.Emit(InstanceCreated{.uid = UidFromOrigin(context.origin),
                             .labels = command.labels,
                             .annotations = command.annotations,
                             .owner = command.owner,
                             .spec = command.spec});
  if (!(command.network == InstanceNetwork{})) {
    draft.Emit(NetworkTold{.network = command.network});
  }
  InstanceMachine::Settle(draft);
  return draft.Take();
}

DecideResult RejectDeleting(const DecideContext& context) {
  return Reject(Rejection::Deleting(context.self.ToString() + " is being deleted"));
}

// Failed and Expired are final: an instance is disposable, the next one takes its place.
std::optional<Rejection> FaultOfStarting(const Instance& instance, const DecideContext& context) {
  if (instance.IsDeleting()) {
    return Rejection::Deleting(context.self.ToString() + " is being deleted");
  }
  const InstancePhase phase = instance.status.phase;
  if (phase != InstancePhase::kFailed && phase != InstancePhase::kExpired) {
    return FaultOfPower(instance, context);
  }
  return Rejection::InvalidTransition(
      "status.phase",
      context.self.ToString() + " is " + std::string(ToString(phase)) + ", which is final");
}

}  // namespace

void InstanceMachine::ValidateApply(const InstanceApply& apply, FieldErrors& errors) {
  ValidateInstanceSpec(apply.spec, apply.annotations, errors);
}

DecideResult Decide(const Instance& instance, const InstanceApply& command,
                    const DecideContext& context) {
  return Upsert(instance, command, true, context);
}

DecideResult Decide(const Instance& instance, const InstanceCreate& command,
                    const DecideContext& context) {
  const bool by_deployment = command.owner && command.owner->kind == "deployment";
  if (!command.expected_uid.empty() &&
      (!instance.Exists() || instance.metadata->uid != command.expected_uid)) {
    return Reject(Rejection::NotFound(context.self.ToString() + " with uid " +
                                      command.expected_uid + " is gone"));
  }
  if (by_deployment && !instance.Exists()) return BornOfDeployment(instance, command, context);
  DecideResult decided = Upsert(instance, command, !by_deployment, context);
  // What the deployment keeps of it is no part of the spec and its generation.
  const Hash128 hash = command.spec.controller.template_hash;
  if (decided && instance.spec->controller.template_hash != hash) {
    decided->Emit(TemplateRecorded{.template_hash = hash});
  }
  return decided;
}

// From its deployment alone.
DecideResult Decide(const Instance& instance, const TellNetwork& command,
                    const DecideContext& context) {
  const OwnerReference* owner = OwnerOf(instance.metadata);
  if (!owner || OwnerKey(*owner) != context.sender || instance.IsDeleting() ||
      command.network == instance.own.network) {
    return Ignore();
  }
  Draft<InstanceMachine> draft(instance, context);
  draft.Emit(NetworkTold{.network = command.network});
  InstanceMachine::Settle(draft);
  return draft.Take();
}

bool AreOnTheSameNetworks(const std::vector<InstanceInterface>& before,
                          const std::vector<InstanceInterface>& after) {
  return std::equal(before.begin(), before.end(), after.begin(), after.end(),
                    [](const auto& a, const auto& b) { return a.network == b.network; });
}

// Another location is another provider with another process; another network another address.
void InstanceMachine::CheckImmutable(const InstanceSpec& before, const InstanceSpec& after,
                                     FieldErrors& errors) {
  if (!before.location.name.empty() && !(before.location == after.location)) {
    errors.Add("spec.location.name", "cannot change from " + before.location.name);
  }
  if (before.backend != after.backend) {
    errors.Add("spec.backend", "cannot change: what runs is of another nature");
  }
  if (!AreOnTheSameNetworks(before.network_interfaces, after.network_interfaces)) {
    errors.Add("spec.networkInterfaces", "cannot change their networks");
  }
}

DecideResult Decide(const Instance& instance, const AdoptInstance& command,
                    const DecideContext& context) {
  if (!command.owner) return Reject(Rejection::InvalidArgument("payload.owner", "is required"));
  const std::string self = context.self.ToString();
  const OwnerReference* owner = OwnerOf(instance.metadata);
  if (owner && *owner == *command.owner) return NoChange();
  if (owner) {
    return Reject(Rejection::FailedPrecondition("metadata.ownerReferences",
                                                self + " belongs to " + OwnerKey(*owner)));
  }
  if (instance.IsDeleting()) return RejectDeleting(context);
  const InstancePhase phase = instance.status.phase;
  if (phase == InstancePhase::kFailed || phase == InstancePhase::kExpired ||
      phase == InstancePhase::kStopped) {
    return Reject(Rejection::FailedPrecondition("status.phase",
                                                self + " is " + std::string(ToString(phase))));
  }
  const auto role = instance.metadata->annotations.find(kRoleAnnotation);
  if (role != instance.metadata->annotations.end() && role->second == "cleanup") {
    return Reject(Rejection::FailedPrecondition("metadata.annotations", self + " is in cleanup"));
  }
  Draft<InstanceMachine> draft(instance, context);
  draft.Emit(OwnerChanged{.owner = command.owner});
  return draft.Take();
}

DecideResult Decide(const Instance& instance, const AddGate& command,
                    const DecideContext& context) {
  if (command.name.empty())
    return Reject(Rejection::InvalidArgument("payload.name", "is required"));
  if (instance.IsDeleting()) return RejectDeleting(context);
  if (instance::HasGate(instance, command.name)) return NoChange();
  if (instance.own.ever_programmed) {
    return Reject(Rejection::FailedPrecondition(
        "status.phase", context.self.ToString() + " was programmed: gates come before that"));
  }
  Draft<InstanceMachine> draft(instance, context);
  draft.Emit(GateAdded{.name = command.name});
  InstanceMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Instance& instance, const ClearGate& command,
                    const DecideContext& context) {
  if (!instance::HasGate(instance, command.name)) return NoChange();
  Draft<InstanceMachine> draft(instance, context);
  draft.Emit(GateCleared{.name = command.name});
  InstanceMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Instance& instance, const StartInstance&, const DecideContext& context) {
  if (auto fault = FaultOfStarting(instance, context)) return Reject(*fault);
  // A server may be off without anybody having asked for it.
  const ReportServer* server =
      instance::IsServerBacked(instance) ? instance::HeldServer(instance) : nullptr;
  const bool went_off = server && instance::IsPoweredOff(*server) && !instance.own.start_wanted;
  if (!instance.own.stop_wanted && !instance::IsStopped(instance) && !went_off) return NoChange();
  Draft<InstanceMachine> draft(instance, context);
  draft.Emit(InstanceStartAsked{});
  InstanceMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Instance& instance, const RestartInstance&,
                    const DecideContext& context) {
  if (auto fault = FaultOfStarting(instance, context)) return Reject(*fault);
  Draft<InstanceMachine> draft(instance, context);
  if (instance.own.stop_wanted || instance::IsStopped(instance)) {
    draft.Emit(InstanceStartAsked{});
  } else if (instance.own.running) {
    draft.Emit(InstanceRestartAsked{});
  } else {
    return NoChange();  // It was never started: its start is still to come.
  }
  InstanceMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Instance& instance, const StopInstance&, const DecideContext& context) {
  if (instance.IsDeleting()) return RejectDeleting(context);
  if (const OwnerReference* owner = OwnerOf(instance.metadata)) {
    return Reject(Rejection::FailedPrecondition(
        "metadata.ownerReferences",
        context.self.ToString() + " belongs to " + OwnerKey(*owner) + ", which would replace it"));
  }
  if (auto fault = FaultOfPower(instance, context)) return Reject(*fault);
  if (instance.own.stop_wanted || instance::HasFailed(instance)) return NoChange();
  Draft<InstanceMachine> draft(instance, context);
  draft.Emit(InstanceStopAsked{});
  InstanceMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Instance& instance, const Touch& command, const DecideContext& context) {
  if (instance.IsDeleting()) return RejectDeleting(context);
  // Activity that is yet to come would keep the instance for ever: it counts as of now.
  const Time at = command.at.IsSet() ? std::min(command.at, context.time) : context.time;
  if (at <= instance.status.last_activity_time) return NoChange();
  Draft<InstanceMachine> draft(instance, context);
  draft.Emit(InstanceTouched{.at = at});
  InstanceMachine::Settle(draft);
  return draft.Take();
}

}  // namespace sluice
