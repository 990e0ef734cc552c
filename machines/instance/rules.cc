#include "machines/instance/rules.h"

#include <algorithm>

#include "machines/instance/server_rules.h"
#include "machines/network/attachment/attachment.h"

namespace sluice::instance {

bool HasGate(const Instance& instance, std::string_view name) {
  const auto& gates = instance.spec->controller.scheduling_gates;
  return std::any_of(gates.begin(), gates.end(),
                     [&](const SchedulingGate& gate) { return gate.name == name; });
}

void GateOnNetwork(InstanceSpec& spec) {
  auto& gates = spec.controller.scheduling_gates;
  const bool gated = std::any_of(gates.begin(), gates.end(), [](const SchedulingGate& gate) {
    return gate.name == kNetworkGate;
  });
  if (gated || spec.network_interfaces.empty()) return;
  gates.insert(gates.begin(), SchedulingGate{.name = std::string(kNetworkGate)});
}

std::string GateNames(const Instance& instance) {
  std::string names;
  for (const SchedulingGate& gate : instance.spec->controller.scheduling_gates) {
    if (!names.empty()) names += ", ";
    names += gate.name;
  }
  return names;
}

const ProviderReport* Current(const Instance& instance,
                              const std::optional<ProviderReport>& report) {
  return report && report->generation == instance.metadata->generation ? &*report : nullptr;
}

namespace {

bool SaysYes(const Instance& instance, const std::optional<ProviderReport>& report) {
  const ProviderReport* current = Current(instance, report);
  return current && current->status == ConditionStatus::kTrue;
}

}  // namespace

bool IsProgrammed(const Instance& instance) { return SaysYes(instance, instance.own.programmed); }

bool IsRunning(const Instance& instance) {
  return SaysYes(instance, instance.own.running) && !instance.own.restart_wanted;
}

bool HasProbe(const Instance& instance) {
  const auto& process = instance.spec->runtime.process;
  return process && process->readiness;
}

bool ProbeSucceeded(const Instance& instance) {
  return !HasProbe(instance) || SaysYes(instance, instance.own.readiness);
}

bool IsStopped(const Instance& instance) {
  const auto& stopped = instance.own.stopped;
  if (!stopped || stopped->status != ConditionStatus::kTrue) return false;
  // A new generation of what was done runs again; what a user stopped does not.
  return instance.own.stop_wanted || Current(instance, stopped);
}

bool MayBeHeld(const Instance& instance) {
  if (IsServerBacked(instance)) return MayHaveServer(instance);
  const InstanceOwn& own = instance.own;
  if (own.gone) return false;
  if (own.ever_programmed || own.programmed || own.running || own.readiness) return true;
  return own.handed_over && own.lease.term > 0;
}

bool HasFailed(const Instance& instance) { return !instance.own.failure_reason.empty(); }

InstancePhase StepOf(const Instance& instance) {
  const InstanceOwn& own = instance.own;
  if (!instance.spec->controller.scheduling_gates.empty()) return InstancePhase::kGated;
  if (!IsProgrammed(instance)) return InstancePhase::kProgramming;
  if (!IsRunning(instance)) {
    const bool begun = own.start_wanted || own.restart_wanted || Current(instance, own.running);
    return begun ? InstancePhase::kStarting : InstancePhase::kProgrammed;
  }
  return ProbeSucceeded(instance) ? InstancePhase::kReady : InstancePhase::kRunning;
}

Time StartDue(const Instance& instance, const ClusterConfigSpec& settings) {
  const Duration deadline =
      instance.spec->start_deadline.value_or(settings.start_deadline.value_or(Duration{}));
  const bool awaited = instance.own.starting_since.IsSet() && !instance.own.stop_wanted &&
                       !IsStopped(instance) && !HasFailed(instance) &&
                       StepOf(instance) != InstancePhase::kReady;
  if (!awaited || deadline == Duration{}) return {};
  return instance.own.starting_since + deadline;
}

Time GraceEnd(const Instance& instance, const ClusterConfigSpec& settings) {
  if (!instance.status.expires_at.IsSet()) return {};
  return instance.status.expires_at + settings.expiry_grace.value_or(Duration{});
}

InstancePhase PhaseAt(const Instance& instance, Time now, const ClusterConfigSpec& settings) {
  const Time expires = instance.status.expires_at;
  const Time grace_end = GraceEnd(instance, settings);
  if (instance.status.phase == InstancePhase::kExpired) return InstancePhase::kExpired;
  if (grace_end.IsSet() && now >= grace_end) return InstancePhase::kExpired;
  if (HasFailed(instance)) return InstancePhase::kFailed;
  if (expires.IsSet() && now >= expires) return InstancePhase::kExpiring;
  if (IsStopped(instance)) return InstancePhase::kStopped;
  if (instance.own.stop_wanted) {
    return MayBeHeld(instance) ? InstancePhase::kStopping : InstancePhase::kStopped;
  }
  return StepOf(instance);
}

void UpdateExpiry(Instance& instance) {
  InstanceStatus& status = instance.status;
  const Time created = instance.metadata->creation_timestamp;
  status.expires_at = {};
  status.expiry_reason.clear();
  if (instance.spec->ttl) {
    status.expires_at = created + *instance.spec->ttl;
    status.expiry_reason = "TTL";
  }
  if (!instance.spec->idle_ttl) return;
  const Time idle = std::max(created, status.last_activity_time) + *instance.spec->idle_ttl;
  if (!status.expires_at.IsSet() || idle < status.expires_at) {
    status.expires_at = idle;
    status.expiry_reason = "IdleTTL";
  }
}

void UpdateInterfaces(Instance& instance) {
  const InstanceOwn& own = instance.own;
  auto& interfaces = instance.status.network_interfaces;
  interfaces.assign(std::max(instance.spec->network_interfaces.size(), own.interfaces.size()), {});
  for (const Attachment& attachment : own.attachments) {
    if (attachment.interface >= interfaces.size()) continue;
    interfaces[attachment.interface].assignments.network_ip = attachment.address;
  }
  // What the provider says is in use stands above what was granted.
  for (size_t i = 0; i < own.interfaces.size(); ++i) {
    InterfaceAssignments& assignments = interfaces[i].assignments;
    if (!own.interfaces[i].address.empty()) assignments.network_ip = own.interfaces[i].address;
    assignments.external_ip = own.interfaces[i].external_address;
  }
}

std::string Awaited(const Instance& instance) {
  const std::string location = instance.spec->location.name;
  const std::string provider =
      location.empty() ? "a location" : "the provider of location " + location;
  switch (instance.status.phase) {
    case InstancePhase::kGated:
      return "scheduling gates " + GateNames(instance);
    case InstancePhase::kProgramming:
      return location.empty() ? provider : provider + " to program it";
    case InstancePhase::kProgrammed:
    case InstancePhase::kStarting:
      return provider + " to run it";
    case InstancePhase::kRunning:
      return "its readiness probe";
    case InstancePhase::kStopping:
      return provider + " to stop it";
    case InstancePhase::kDeleting:
      return MayBeHeld(instance) ? provider + " to remove it" : "its network to take its address";
    case InstancePhase::kAbsent:
    case InstancePhase::kReady:
    case InstancePhase::kStopped:
    case InstancePhase::kExpiring:
    case InstancePhase::kExpired:
    case InstancePhase::kFailed:
    case InstancePhase::kDeleted:
      return "";
  }
  Unreachable();
}

}  // namespace sluice::instance
