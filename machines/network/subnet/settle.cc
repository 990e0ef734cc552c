// What follows from a subnet's state: its request to the context, conditions, phase, and its end.
#include "machines/common/stuck.h"
#include "machines/network/holding/cascade.h"
#include "machines/network/holding/programming.h"
#include "machines/network/holding/subnet_spec.h"
#include "machines/network/subnet/subnet.h"

namespace sluice {
namespace {

using M = SubnetMachine;

EntityKey ContextKey(const Draft<M>& draft) {
  return {"networkcontext", draft.context().self.namespace_, draft->spec.network_context.name};
}

struct View {
  ConditionStatus status = ConditionStatus::kFalse;
  std::string reason;
  std::string message;
};

View AllocatedView(const Subnet& subnet) {
  if (!subnet.status.prefix.empty()) {
    return {ConditionStatus::kTrue, "PrefixAllocated", "Allocated " + subnet.status.prefix};
  }
  if (const PrefixHold* denied = FirstDenied(subnet.own.holds)) {
    return {ConditionStatus::kFalse, denied->reason, denied->message};
  }
  const std::string& context = subnet.spec.network_context.name;
  if (subnet.own.context.uid.empty()) {
    return {ConditionStatus::kFalse, "NetworkContextNotFound",
            "Network context " + context + " not found"};
  }
  if (subnet.own.context.prefix.empty()) {
    return {ConditionStatus::kFalse, "NetworkContextNotReady",
            "Network context " + context + " has no prefix yet"};
  }
  return {ConditionStatus::kFalse, "NotAllocated", "Waiting for the context's answer"};
}

void SettleDeletion(Draft<M>& draft) {
  const std::vector<std::string> holders =
      HoldersOf(draft->items, draft->spec.ip_family, kHoldersNamed);
  if (holders != draft->status.holders) draft.Emit(SubnetHoldersChanged{.holders = holders});
  if (draft->status.addresses == 0) {
    const std::vector<ReservedAddress> reserved = ReservedAddresses(draft->status.prefix);
    for (const ReservedAddress& address : reserved) ReleaseClaim(draft, address.claim);
    ReturnPrefixes(draft, ContextKey(draft));
    draft.Send(ContextKey(draft), Unobserve{.observer = draft.context().self.ToString()});
    draft.Emit(EntityDeleted{});
    return;
  }
  const std::string message = "Held by " + JoinHolders(holders, draft->status.addresses);
  draft.SetCondition("Ready", ConditionStatus::kFalse, kRangeOccupied, message);
  SettleStuck(draft, "addresses to be given back", draft->metadata.deletion_timestamp);
}

// Once, when the prefix has come.
void ReserveAddresses(Draft<M>& draft) {
  if (draft->own.assigned != 0) return;
  const std::vector<ReservedAddress> reserved = ReservedAddresses(draft->status.prefix);
  for (const ReservedAddress& address : reserved) {
    draft.Emit(PrefixAssigned{.claim = address.claim, .holder = "", .prefix = address.address});
  }
}

}  // namespace

void SubnetMachine::Default(SubnetSpec& spec, const DecideContext&) { DefaultSubnetSpec(spec); }

void SubnetMachine::Validate(const SubnetSpec& spec, FieldErrors& errors) {
  ValidateSubnetSpec(spec, errors);
}

void SubnetMachine::CheckImmutable(const SubnetSpec& before, const SubnetSpec& after,
                                   FieldErrors& errors) {
  CheckSubnetSpecImmutable(before, after, errors);
}

void SubnetMachine::Settle(Draft<SubnetMachine>& draft) {
  if (draft->IsDeleting()) return SettleDeletion(draft);
  if (draft->status.observed_generation == 0) {
    draft.Send(ContextKey(draft), Observe{.observer = draft.context().self.ToString()});
  }
  if (!draft->own.context.prefix.empty()) {
    AskPrefix(draft, ContextKey(draft), std::string(draft->spec.ip_family),
              draft->spec.prefix_length, "");
  }
  ReserveAddresses(draft);
  const View allocated = AllocatedView(draft.state());
  const bool has_prefix = allocated.status == ConditionStatus::kTrue;
  const ProgrammedView programmed =
      ViewProgramming(draft->own.programming, draft->metadata, has_prefix);
  const bool is_ready = has_prefix && programmed.status == ConditionStatus::kTrue;
  draft.SetCondition("Allocated", allocated.status, allocated.reason, allocated.message);
  draft.SetCondition("Programmed", programmed.status, programmed.reason, programmed.message);
  if (is_ready) {
    draft.SetCondition("Ready", ConditionStatus::kTrue, "Ready", "Subnet is ready");
    if (draft->status.phase == Phase::kPending) draft.Emit(SubnetReadied{});
  } else {
    const bool denied = FirstDenied(draft->own.holds) != nullptr;
    draft.SetCondition("Ready", ConditionStatus::kFalse,
                       denied ? allocated.reason : programmed.reason,
                       has_prefix ? programmed.message : allocated.message);
    if (draft->status.phase == Phase::kReady) draft.Emit(SubnetUnreadied{});
  }
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  SettleStuck(draft, is_ready ? "" : (has_prefix ? "Programmed" : "Allocated"),
              FindCondition(draft->status.conditions, "Ready")->last_transition_time);
}

std::vector<PendingAction> SubnetMachine::Pending(const State& state) {
  if (!state.Exists() || state.IsDeleting() || state.status.prefix.empty()) return {};
  return ProgrammingAction("ProgramSubnet", kName, state.metadata, state.own.programming,
                           state.status.retry, state.spec.location.name);
}

AnyTable SubnetMachine::Detail(const State& state) {
  SubnetDetail detail{.network_context = state.spec.network_context.name,
                      .location = state.spec.location.name,
                      .prefix = state.status.prefix,
                      .gateway = state.status.gateway,
                      .full = IsFull(state)};
  if (const PrefixHold* denied = FirstDenied(state.own.holds)) {
    detail.failure_reason = denied->reason;
    detail.failure_message = denied->message;
  } else if (IsProgrammingFailure(state.own.programming, state.metadata)) {
    detail.failure_reason = state.own.programming.reason;
    detail.failure_message = state.own.programming.message;
  }
  return AnyTable::Of(std::move(detail));
}

std::vector<Column> SubnetMachine::Columns() {
  return {{"READY", "status.conditions[type=Ready].status"},
          {"REASON", "status.conditions[type=Ready].reason"},
          {"PREFIX", "status.prefix"},
          {"GATEWAY", "status.gateway"},
          {"ADDRESSES", "status.addresses"},
          {"CONTEXT", "spec.networkContext.name", true},
          {"LOCATION", "spec.location.name", true}};
}

const KindInfo& SubnetKind() {
  static const KindInfo kind = DefineKind<SubnetMachine>();
  return kind;
}

}  // namespace sluice
