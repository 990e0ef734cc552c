#include "machines/common/names.h"
#include "machines/common/observed.h"
#include "machines/common/stuck.h"
#include "machines/network/holding/cascade.h"
#include "machines/network/holding/subnet_spec.h"
#include "machines/network/subnetclaim/subnetclaim.h"

namespace sluice {
namespace {

using M = SubnetClaimMachine;

EntityKey SubnetKey(const Draft<M>& draft, const std::string& name) {
  return {"subnet", draft.context().self.namespace_, name};
}

// The claim's own name, or the next one after names that are another's.
void CreateSubnet(Draft<M>& draft, uint32_t taken) {
  const EntityKey& self = draft.context().self;
  std::vector<std::string> parts = {self.name};
  if (taken > 1) parts.push_back(std::to_string(taken));
  const std::string name = taken == 0 ? self.name : DerivedNameWithHash(parts);
  SubnetCreate create;
  create.spec = draft->spec;
  create.owner = OwnerReference{.kind = std::string(M::kName),
                                .namespace_ = self.namespace_,
                                .name = self.name,
                                .uid = draft->metadata.uid};
  const uint64_t outcome = draft.SendForOutcome(SubnetKey(draft, name), std::move(create));
  draft.Emit(SubnetClaimSubnetNamed{.name = name, .outcome = outcome, .taken = taken});
}

std::string Why(const SubnetSeen& seen) {
  if (seen.reason.empty()) return "Subnet is not there yet";
  return seen.message.empty() ? seen.reason : seen.reason + ": " + seen.message;
}

void SettleDeletion(Draft<M>& draft) {
  // Without a subnet, or with one that was never ours, nothing is left to wait for.
  if (draft->own.subnet.empty()) {
    draft.Emit(EntityDeleted{});
    return;
  }
  const std::string message = "Waiting for its subnet to go: " + Why(draft->own.seen);
  draft.SetCondition("Ready", ConditionStatus::kFalse, "SubnetNotReady", message);
  SettleStuck(draft, "its subnet to go", draft->metadata.deletion_timestamp);
}

}  // namespace

void SubnetClaimMachine::Default(SubnetSpec& spec, const DecideContext&) {
  DefaultSubnetSpec(spec);
}

void SubnetClaimMachine::Validate(const SubnetSpec& spec, FieldErrors& errors) {
  ValidateSubnetSpec(spec, errors);
}

void SubnetClaimMachine::CheckImmutable(const SubnetSpec& before, const SubnetSpec& after,
                                        FieldErrors& errors) {
  CheckSubnetSpecImmutable(before, after, errors);
}

void SubnetClaimMachine::Settle(Draft<SubnetClaimMachine>& draft) {
  if (draft->IsDeleting()) return SettleDeletion(draft);
  if (draft->own.subnet.empty()) CreateSubnet(draft, 0);
  const SubnetSeen seen = draft->own.seen;
  const bool ready = draft->own.confirmed && seen.ready == ConditionStatus::kTrue;
  if (ready) {
    draft.SetCondition("Ready", ConditionStatus::kTrue, "SubnetReady",
                       "Subnet " + draft->own.subnet + " is ready");
    if (draft->status.phase == Phase::kPending) {
      draft.Emit(SubnetClaimReadied{
          .subnet = {.namespace_ = draft.context().self.namespace_, .name = draft->own.subnet}});
    }
  } else {
    draft.SetCondition("Ready", ConditionStatus::kFalse, "SubnetNotReady", Why(seen));
    if (draft->status.phase == Phase::kReady) draft.Emit(SubnetClaimUnreadied{});
  }
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  SettleStuck(draft, ready ? "" : "SubnetReady",
              FindCondition(draft->status.conditions, "Ready")->last_transition_time);
}

// One child, asked at once; while its Create is under way, its Outcome goes on.
void SubnetClaimMachine::Cascade(Draft<SubnetClaimMachine>& draft, const std::string&) {
  if (draft->own.subnet.empty() || !draft->own.confirmed) return;
  draft.Send(SubnetKey(draft, draft->own.subnet), Delete{.cascade = draft->own.cascade});
}

AnyTable SubnetClaimMachine::Detail(const State& state) {
  const bool ready = state.status.phase == Phase::kReady;
  return AnyTable::Of(SubnetClaimDetail{.network_context = state.spec.network_context.name,
                                        .location = state.spec.location.name,
                                        .subnet_class = state.spec.subnet_class,
                                        .ip_family = state.spec.ip_family,
                                        .subnet = ready ? state.own.subnet : "",
                                        .prefix = state.own.seen.prefix,
                                        .full = state.own.seen.full,
                                        .failure_reason = state.own.seen.failure_reason,
                                        .failure_message = state.own.seen.failure_message});
}

std::vector<Column> SubnetClaimMachine::Columns() {
  return {{"READY", "status.conditions[type=Ready].status"},
          {"REASON", "status.conditions[type=Ready].reason"},
          {"CONTEXT", "spec.networkContext.name"},
          {"SUBNET", "status.subnetRef.name"},
          {"PREFIX", "status.prefix"},
          {"LOCATION", "spec.location.name", true},
          {"CLASS", "spec.subnetClass", true}};
}

DecideResult Decide(const SubnetClaim& claim, const Delete& command, const DecideContext& context) {
  return DecideDelete<M>(claim, command, context);
}

DecideResult Decide(const SubnetClaim& claim, const Observed& seen, const DecideContext& context) {
  Draft<M> draft(claim, context);
  if (claim.own.subnet.empty() || seen.subject != SubnetKey(draft, claim.own.subnet).ToString()) {
    return Ignore();
  }
  if (IsGone(seen)) {
    if (!claim.own.confirmed) return Ignore();
    // Gone: for good with the claim, else it is made anew.
    draft.Emit(SubnetClaimSubnetNamed{});
    M::Settle(draft);
    return draft.Take();
  }
  SubnetSeen now{.uid = seen.uid,
                 .phase = seen.phase,
                 .ready = seen.ready,
                 .reason = seen.reason,
                 .message = seen.message};
  if (const auto* detail = seen.detail.As<SubnetDetail>()) {
    now.prefix = detail->prefix;
    now.full = detail->full;
    now.failure_reason = detail->failure_reason;
    now.failure_message = detail->failure_message;
  }
  if (now == claim.own.seen) return Ignore();
  draft.Emit(SubnetClaimSubnetSeen{.subnet = std::move(now)});
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const SubnetClaim& claim, const Outcome& outcome,
                    const DecideContext& context) {
  if (claim.own.outcome == 0 || outcome.number != claim.own.outcome) return Ignore();
  Draft<M> draft(claim, context);
  if (outcome.accepted) {
    draft.Emit(SubnetClaimSubnetConfirmed{});
    if (claim.IsDeleting()) M::Cascade(draft, "");
  } else if (claim.IsDeleting()) {
    draft.Emit(SubnetClaimSubnetNamed{});
  } else {
    CreateSubnet(draft, claim.own.taken + 1);
  }
  M::Settle(draft);
  return draft.Take();
}

const KindInfo& SubnetClaimKind() {
  static const KindInfo kind = DefineKind<SubnetClaimMachine>();
  return kind;
}

}  // namespace sluice
