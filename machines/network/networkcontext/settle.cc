// What follows from a context's state: requests to the network, conditions, phase, and its end.
#include "machines/common/names.h"
#include "machines/common/stuck.h"
#include "machines/network/holding/cascade.h"
#include "machines/network/holding/programming.h"
#include "machines/network/networkcontext/networkcontext.h"

namespace sluice {
namespace {

using M = NetworkContextMachine;

EntityKey NetworkKey(const Draft<M>& draft) {
  return {"network", draft.context().self.namespace_, draft->spec.network.name};
}

struct View {
  ConditionStatus status = ConditionStatus::kFalse;
  std::string reason;
  std::string message;
};

// The network has its ranges, so blocks can be asked for.
bool NetworkHasRanges(const NetworkContext& context) {
  return context.own.network.ready == ConditionStatus::kTrue;
}

View AllocatedView(const NetworkContext& context) {
  if (HoldsAll(context.own.holds, context.own.network.ip_families)) {
    std::string blocks;
    for (const PrefixHold& hold : context.own.holds) {
      blocks += (blocks.empty() ? "" : ", ") + hold.prefix;
    }
    return {ConditionStatus::kTrue, "PrefixAllocated", "Allocated " + blocks};
  }
  if (const PrefixHold* denied = FirstDenied(context.own.holds)) {
    return {ConditionStatus::kFalse, denied->reason, denied->message};
  }
  if (!NetworkHasRanges(context)) {
    return {ConditionStatus::kFalse, "NetworkNotReady",
            "Network " + context.spec.network.name + " has no range yet"};
  }
  return {ConditionStatus::kFalse, "NotAllocated", "Waiting for the network's answer"};
}

View ReadyView(const NetworkContext& context, const View& allocated,
               const ProgrammedView& programmed) {
  if (allocated.status != ConditionStatus::kTrue) return allocated;
  if (!NetworkHasRanges(context)) {
    return {ConditionStatus::kFalse, "NetworkNotReady",
            "Network " + context.spec.network.name + " is not ready"};
  }
  if (programmed.status != ConditionStatus::kTrue) {
    return {ConditionStatus::kFalse, programmed.reason, programmed.message};
  }
  return {ConditionStatus::kTrue, "Ready", "Network context is ready"};
}

void AskBlocks(Draft<M>& draft) {
  if (!NetworkHasRanges(draft.state())) return;
  const ClusterConfigSpec& settings = draft.context().Settings();
  const std::vector<std::string> families = draft->own.network.ip_families;
  for (const std::string& family : families) {
    AskPrefix(draft, NetworkKey(draft), family,
              family == "IPv4" ? settings.context_ipv4_length : settings.context_ipv6_length, "");
  }
}

void SettleDeletion(Draft<M>& draft) {
  const bool asked = !draft->items.Scan<SubnetClaimRequestItem>(M::kRequests, "", 1).empty();
  if (draft->status.claims == 0 && draft->own.assigned == 0 && !asked) {
    ReturnPrefixes(draft, NetworkKey(draft));
    draft.Send(NetworkKey(draft), Unobserve{.observer = draft.context().self.ToString()});
    draft.Emit(EntityDeleted{});
    return;
  }
  std::vector<std::string> holders;
  for (const auto& [key, item] :
       draft->items.Scan<ReferenceItem>(M::kClaimNames, "", kHoldersNamed)) {
    holders.push_back(key);
  }
  for (const std::string family : {"IPv4", "IPv6"}) {
    for (std::string& holder : HoldersOf(draft->items, family, kHoldersNamed)) {
      if (holders.size() < kHoldersNamed) holders.push_back(std::move(holder));
    }
  }
  const std::string message = "Held by " + JoinHolders(holders, holders.size());
  draft.SetCondition("Ready", ConditionStatus::kFalse, kRangeOccupied, message);
  SettleStuck(draft, "claims to go", draft->metadata.deletion_timestamp);
}

}  // namespace

void NetworkContextMachine::Validate(const NetworkContextSpec& spec, FieldErrors& errors) {
  if (const auto fault = DnsLabelFault(spec.network.name)) {
    errors.Add("spec.network.name", *fault);
  }
  if (const auto fault = DnsLabelFault(spec.location.name)) {
    errors.Add("spec.location.name", *fault);
  }
}

void NetworkContextMachine::CheckImmutable(const NetworkContextSpec& before,
                                           const NetworkContextSpec& after, FieldErrors& errors) {
  if (!(before.network == after.network)) errors.Add("spec.network", "can't be changed");
  if (!(before.location == after.location)) errors.Add("spec.location", "can't be changed");
}

void NetworkContextMachine::Settle(Draft<NetworkContextMachine>& draft) {
  if (draft->IsDeleting()) return SettleDeletion(draft);
  if (draft->status.observed_generation == 0) {
    draft.Send(NetworkKey(draft), Observe{.observer = draft.context().self.ToString()});
  }
  AskBlocks(draft);
  const View allocated = AllocatedView(draft.state());
  const ProgrammedView programmed = ViewProgramming(draft->own.programming, draft->metadata,
                                                    allocated.status == ConditionStatus::kTrue);
  const View ready = ReadyView(draft.state(), allocated, programmed);
  draft.SetCondition("Allocated", allocated.status, allocated.reason, allocated.message);
  draft.SetCondition("Programmed", programmed.status, programmed.reason, programmed.message);
  draft.SetCondition("Ready", ready.status, ready.reason, ready.message);
  const bool is_ready = ready.status == ConditionStatus::kTrue;
  if (is_ready && draft->status.phase == Phase::kPending) draft.Emit(NetworkContextReadied{});
  if (!is_ready && draft->status.phase == Phase::kReady) draft.Emit(NetworkContextUnreadied{});
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  SettleStuck(draft, is_ready ? "" : ready.reason,
              FindCondition(draft->status.conditions, "Ready")->last_transition_time);
}

std::vector<PendingAction> NetworkContextMachine::Pending(const State& state) {
  if (!state.Exists() || state.IsDeleting()) return {};
  if (!HoldsAll(state.own.holds, state.own.network.ip_families)) return {};
  return ProgrammingAction("ProgramNetworkContext", kName, state.metadata, state.own.programming,
                           state.status.retry, state.spec.location.name);
}

AnyTable NetworkContextMachine::Detail(const State& state) {
  NetworkContextDetail detail{.network = state.spec.network.name,
                              .location = state.spec.location.name,
                              .ip_families = state.own.network.ip_families,
                              .ipv4_prefix = state.status.ipv4_prefix,
                              .ipv6_prefix = state.status.ipv6_prefix,
                              .failure_reason = state.own.failure_reason,
                              .failure_message = state.own.failure_message};
  if (const PrefixHold* denied = FirstDenied(state.own.holds)) {
    detail.failure_reason = denied->reason;
    detail.failure_message = denied->message;
  } else if (IsProgrammingFailure(state.own.programming, state.metadata)) {
    detail.failure_reason = state.own.programming.reason;
    detail.failure_message = state.own.programming.message;
  }
  return AnyTable::Of(std::move(detail));
}

std::vector<Column> NetworkContextMachine::Columns() {
  return {{"READY", "status.conditions[type=Ready].status"},
          {"REASON", "status.conditions[type=Ready].reason"},
          {"NETWORK", "spec.network.name"},
          {"LOCATION", "spec.location.name"},
          {"IPV4", "status.ipv4Prefix", true},
          {"IPV6", "status.ipv6Prefix", true},
          {"CLAIMS", "status.claims", true}};
}

const KindInfo& NetworkContextKind() {
  static const KindInfo kind = DefineKind<NetworkContextMachine>();
  return kind;
}

}  // namespace sluice
