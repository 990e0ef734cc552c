#include "machines/common/generic_commands.h"
#include "machines/common/names.h"
#include "machines/common/observed.h"
#include "machines/common/stuck.h"
#include "machines/network/networkbinding/networkbinding.h"

namespace sluice {
namespace {

using M = NetworkBindingMachine;

EntityKey NetworkKey(const Draft<M>& draft) {
  return {"network", draft.context().self.namespace_, draft->spec.network.name};
}
EntityKey ContextKey(const Draft<M>& draft, const std::string& name) {
  return {"networkcontext", draft.context().self.namespace_, name};
}

struct View {
  ConditionStatus status = ConditionStatus::kFalse;
  std::string reason;
  std::string message;
};

View Failed(const std::string& reason, const std::string& cause) {
  return {ConditionStatus::kFalse, "NetworkFailedToCreate", reason + ": " + cause};
}

// The first that holds: no network, its range failed, it goes, the context or what is below failed,
// the context is not ready, ready. The same for every binding of the network and location.
View ReadyView(const NetworkBinding& binding) {
  const NetworkSeen& network = binding.own.network;
  const NetworkContextSeen& context = binding.own.context_seen;
  const std::string name = binding.metadata.namespace_ + "/" + binding.spec.network.name;
  if (network.phase.empty()) {
    return {ConditionStatus::kUnknown, "Pending", "Waiting for controller"};
  }
  if (network.phase == "Absent") {
    return {ConditionStatus::kFalse, "NetworkNotFound", "Network " + name + " not found"};
  }
  if (!network.failure_reason.empty()) {
    return Failed(network.failure_reason, network.failure_message);
  }
  if (network.phase == "Deleting" && context.uid.empty()) {
    return Failed("Deleting", "Network " + name + " is being deleted");
  }
  if (!binding.own.refused_reason.empty()) {
    return Failed(binding.own.refused_reason, binding.own.refused_message);
  }
  if (!context.failure_reason.empty()) {
    return Failed(context.failure_reason, context.failure_message);
  }
  if (binding.own.context.empty() || context.uid.empty()) {
    return {ConditionStatus::kFalse, "NetworkContextNotReady",
            fmt::format("Network {} has no context at {} yet", name, binding.spec.location.name)};
  }
  if (context.ready != ConditionStatus::kTrue) {
    return {
        ConditionStatus::kFalse, "NetworkContextNotReady",
        fmt::format("Network context {} is not ready: {}", binding.own.context, context.reason)};
  }
  return {ConditionStatus::kTrue, "NetworkContextReady",
          fmt::format("Network context {} is ready", binding.own.context)};
}

void SettleDeletion(Draft<M>& draft) {
  const std::string self = draft.context().self.ToString();
  if (!draft->own.asked.empty()) {
    draft.Send(NetworkKey(draft),
               ReleaseContext{.binding = self, .location = draft->spec.location.name});
  }
  if (!draft->own.context.empty()) {
    draft.Send(ContextKey(draft, draft->own.context), Unobserve{.observer = self});
  }
  draft.Send(NetworkKey(draft), Unobserve{.observer = self});
  draft.Emit(EntityDeleted{});
}

// A network is asked once per incarnation.
void AskContext(Draft<M>& draft) {
  const NetworkSeen& network = draft->own.network;
  const bool there = !network.uid.empty() && network.phase != "Deleting";
  if (!there || draft->own.asked == network.uid) return;
  const std::string uid = network.uid;
  draft.Send(NetworkKey(draft), EnsureContext{.binding = draft.context().self.ToString(),
                                              .location = draft->spec.location.name});
  draft.Emit(NetworkBindingContextAsked{.network_uid = uid});
}

DecideResult SeeNetwork(Draft<M>& draft, const Observed& seen) {
  NetworkSeen now{.phase = "Absent"};
  if (!IsGone(seen)) now = {.uid = seen.uid, .phase = seen.phase, .ready = seen.ready};
  if (const auto* detail = seen.detail.As<NetworkDetail>()) {
    now.failure_reason = detail->failure_reason;
    now.failure_message = detail->failure_message;
  }
  if (now == draft->own.network) return Ignore();
  draft.Emit(NetworkBindingNetworkSeen{.network = std::move(now)});
  M::Settle(draft);
  return draft.Take();
}

DecideResult SeeContext(Draft<M>& draft, const Observed& seen) {
  NetworkContextSeen now{.uid = IsGone(seen) ? "" : seen.uid,
                         .ready = seen.ready,
                         .reason = seen.reason,
                         .message = seen.message};
  if (const auto* detail = seen.detail.As<NetworkContextDetail>()) {
    now.failure_reason = detail->failure_reason;
    now.failure_message = detail->failure_message;
  }
  if (now == draft->own.context_seen) return Ignore();
  draft.Emit(NetworkBindingContextSeen{.context = std::move(now)});
  M::Settle(draft);
  return draft.Take();
}

}  // namespace

void NetworkBindingMachine::Validate(const NetworkBindingSpec& spec, FieldErrors& errors) {
  if (const auto fault = DnsLabelFault(spec.network.name)) {
    errors.Add("spec.network.name", *fault);
  }
  if (const auto fault = DnsLabelFault(spec.location.name)) {
    errors.Add("spec.location.name", *fault);
  }
}

void NetworkBindingMachine::CheckImmutable(const NetworkBindingSpec& before,
                                           const NetworkBindingSpec& after, FieldErrors& errors) {
  if (!(before.network == after.network)) errors.Add("spec.network", "can't be changed");
  if (!(before.location == after.location)) errors.Add("spec.location", "can't be changed");
}

void NetworkBindingMachine::Settle(Draft<NetworkBindingMachine>& draft) {
  if (draft->IsDeleting()) return SettleDeletion(draft);
  if (draft->status.observed_generation == 0) {
    draft.Send(NetworkKey(draft), Observe{.observer = draft.context().self.ToString()});
  }
  AskContext(draft);
  const View view = ReadyView(draft.state());
  draft.SetCondition("Ready", view.status, view.reason, view.message);
  const bool ready = view.status == ConditionStatus::kTrue;
  if (ready && draft->status.phase == Phase::kPending) {
    draft.Emit(NetworkBindingReadied{
        .context = {.namespace_ = draft.context().self.namespace_, .name = draft->own.context}});
  }
  if (!ready && draft->status.phase == Phase::kReady) draft.Emit(NetworkBindingUnreadied{});
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  SettleStuck(draft, ready ? "" : view.reason,
              FindCondition(draft->status.conditions, "Ready")->last_transition_time);
}

AnyTable NetworkBindingMachine::Detail(const State& state) {
  const bool ready = state.status.phase == Phase::kReady;
  return AnyTable::Of(NetworkBindingDetail{.network = state.spec.network.name,
                                           .location = state.spec.location.name,
                                           .context = ready ? state.own.context : ""});
}

std::vector<Column> NetworkBindingMachine::Columns() {
  return {{"READY", "status.conditions[type=Ready].status"},
          {"REASON", "status.conditions[type=Ready].reason"},
          {"NETWORK", "spec.network.name"},
          {"LOCATION", "spec.location.name"},
          {"CONTEXT", "status.networkContextRef.name", true},
          {"MESSAGE", "status.conditions[type=Ready].message", true}};
}

// A user's is refused while it has an owner: the last binding takes the context with it, and under
// addresses that are held that waits for the last of them, and whoever wants one more waits, too.
DecideResult Decide(const NetworkBinding& binding, const Delete& command,
                    const DecideContext& context) {
  const OwnerReference* owner = OwnerOf(binding.metadata);
  const bool deliberate = !context.sender.empty() || !command.expected_uid.empty();
  if (binding.Exists() && !binding.IsDeleting() && owner != nullptr && !deliberate) {
    return Reject(Rejection::FailedPrecondition(
        "metadata.ownerReferences",
        fmt::format("{0} goes with {1}, which is attached by it: delete {1}, or the network with "
                    "--cascade; where {1} is no more, Delete it with its expectedUid",
                    context.self.ToString(), OwnerKey(*owner))));
  }
  return DecideGeneric<M>(binding, command, context);
}

DecideResult Decide(const NetworkBinding& binding, const Observed& seen,
                    const DecideContext& context) {
  if (binding.IsDeleting()) return Ignore();
  Draft<M> draft(binding, context);
  if (seen.subject == NetworkKey(draft).ToString()) return SeeNetwork(draft, seen);
  if (seen.subject == ContextKey(draft, binding.own.context).ToString()) {
    return SeeContext(draft, seen);
  }
  return Ignore();
}

DecideResult Decide(const NetworkBinding& binding, const ContextEnsured& answer,
                    const DecideContext& context) {
  if (binding.IsDeleting() || answer.network != binding.spec.network.name ||
      answer.context == binding.own.context) {
    return Ignore();
  }
  Draft<M> draft(binding, context);
  if (!binding.own.context.empty()) {
    draft.Send(ContextKey(draft, binding.own.context),
               Unobserve{.observer = context.self.ToString()});
  }
  draft.Emit(NetworkBindingContextNamed{.context = answer.context});
  draft.Send(ContextKey(draft, answer.context), Observe{.observer = context.self.ToString()});
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const NetworkBinding& binding, const ContextRefused& answer,
                    const DecideContext& context) {
  if (binding.IsDeleting() || answer.network != binding.spec.network.name) return Ignore();
  Draft<M> draft(binding, context);
  draft.Emit(NetworkBindingContextDenied{.reason = answer.reason, .message = answer.message});
  M::Settle(draft);
  return draft.Take();
}

const KindInfo& NetworkBindingKind() {
  static const KindInfo kind = DefineKind<NetworkBindingMachine>();
  return kind;
}

}  // namespace sluice
