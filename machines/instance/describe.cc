// What an instance shows: pending actions to providers, detail to observers, columns to users.
#include "machines/instance/rules.h"
#include "machines/instance/server_rules.h"
#include "machines/instance/spec_hash.h"

namespace sluice {
namespace {

// The verb its provider has to carry out now; empty for none.
std::string_view PendingVerb(const Instance& instance) {
  using enum InstancePhase;
  const InstanceOwn& own = instance.own;
  const bool may_be_held = instance::MayBeHeld(instance);
  const bool stopped = instance::IsStopped(instance) ||
                       (own.stopped && own.stopped->status == ConditionStatus::kTrue);
  switch (instance.status.phase) {
    case kDeleting:
      return may_be_held ? "DeleteInstance" : "";
    case kFailed:
      return may_be_held && !stopped ? "StopInstance" : "";
    case kAbsent:
    case kGated:
    case kStopped:
    case kExpired:
    case kDeleted:
      return "";
    case kStopping:
      return "StopInstance";
    case kProgramming:
    case kProgrammed:
    case kStarting:
    case kRunning:
    case kReady:
    case kExpiring:
      break;
  }
  if (instance::IsStopped(instance)) return "";
  if (own.stop_wanted) return may_be_held ? "StopInstance" : "";
  const InstancePhase step = instance::StepOf(instance);
  if (step == kGated) return "";
  if (step == kProgramming) {
    if (instance.status.retry.next_time.IsSet()) return "";
    const bool again = own.programmed && !instance::Current(instance, own.programmed);
    return again && own.ever_programmed ? "ReprogramInstance" : "ProgramInstance";
  }
  if (own.restart_wanted) return "RestartInstance";
  return instance::IsRunning(instance) ? "" : "StartInstance";
}

std::string LocationOf(const Instance& instance) {
  if (instance.spec->location.name.empty()) return "";
  return instance.metadata->namespace_ + "/" + instance.spec->location.name;
}

bool IsTerminal(InstancePhase phase) {
  return phase == InstancePhase::kFailed || phase == InstancePhase::kExpired ||
         phase == InstancePhase::kStopped || phase == InstancePhase::kDeleting ||
         phase == InstancePhase::kDeleted;
}

std::string Annotation(const Instance& instance, const char* name) {
  const auto found = instance.metadata->annotations.find(name);
  return found == instance.metadata->annotations.end() ? "" : found->second;
}

}  // namespace

std::vector<PendingAction> InstanceMachine::Pending(const State& state) {
  if (!state.Exists()) return {};
  const bool server_backed = instance::IsServerBacked(state);
  const std::string_view verb = server_backed ? instance::ServerVerb(state) : PendingVerb(state);
  if (verb.empty()) return {};
  const EntityKey self{std::string(kName), state.metadata->namespace_, state.metadata->name};
  return {{.verb = std::string(verb),
           .target = self.ToString(),
           .location = LocationOf(state),
           .uid = state.metadata->uid,
           .generation = state.metadata->generation,
           .attempt = verb == "CreateServer" ? state.own.backing->attempt
                                             : state.status.retry.attempt + state.own.asked}};
}

AnyTable InstanceMachine::Detail(const State& state) {
  InstanceDetail detail;
  if (const OwnerReference* owner = OwnerOf(state.metadata)) detail.owner = *owner;
  detail.revision = Annotation(state, kRevisionAnnotation);
  detail.role = Annotation(state, kRoleAnnotation);
  detail.spec_hash = InstanceSpecHash(state.spec);
  detail.location = state.spec->location.name;
  for (const InstanceInterfaceStatus& interface : state.status.network_interfaces) {
    detail.addresses.push_back(interface.assignments.network_ip);
  }
  for (const SchedulingGate& gate : state.spec->controller.scheduling_gates) {
    detail.gates.push_back(gate.name);
  }
  detail.programmed = instance::IsProgrammed(state);
  detail.terminal = IsTerminal(state.status.phase);
  detail.expiring = state.status.phase == InstancePhase::kExpiring;
  detail.server_backed = instance::IsServerBacked(state);
  detail.servers = static_cast<uint32_t>(state.own.backing->claims.size());
  if (detail.server_backed) {
    detail.health = instance::HealthOf(state);
    const Condition* available = FindCondition(state.status.conditions, "Available");
    detail.server_failed = available && available->reason == "Errored";
  }
  detail.template_hash = state.spec->controller.template_hash;
  return AnyTable::Of(std::move(detail));
}

std::vector<IndexEntry> InstanceMachine::Indexes(const State& state) {
  std::vector<IndexEntry> entries;
  if (const std::string location = LocationOf(state); !location.empty()) {
    entries.push_back({.index = "location", .value = location});
  }
  if (const OwnerReference* owner = OwnerOf(state.metadata)) {
    entries.push_back({.index = "owner", .value = OwnerKey(*owner)});
  }
  return entries;
}

std::vector<Column> InstanceMachine::Columns() {
  return {{.name = "READY", .path = "status.conditions[type=Ready].status"},
          {.name = "REASON", .path = "status.conditions[type=Ready].reason"},
          {.name = "NETWORK-IP",
           .path = "status.networkInterfaces[0].assignments.networkIP",
           .wide = true},
          {.name = "EXTERNAL-IP",
           .path = "status.networkInterfaces[0].assignments.externalIP",
           .wide = true}};
}

const KindInfo& InstanceKind() {
  static const KindInfo kind = DefineKind<InstanceMachine>();
  return kind;
}

}  // namespace sluice
