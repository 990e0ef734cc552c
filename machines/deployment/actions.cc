#include "machines/deployment/actions.h"

#include <algorithm>

#include "events/codec.h"
#include "machines/deployment/members.h"
#include "machines/instance/instance.h"

namespace sluice::deployment {
namespace {

constexpr size_t kShareMax = 50;
constexpr size_t kShareBytes = 200 * 1024;

EntityKey InstanceKey(const DeploymentDraft& draft, const std::string& name) {
  return {std::string(InstanceMachine::kName), draft.context().self.namespace_, name};
}

// The same command makes an instance and updates it: what is its own it keeps.
InstanceCreate Order(const Deployment& state) {
  const InstanceTemplate& from = state.spec.template_;
  InstanceCreate order;
  order.spec = from.spec;
  order.spec.location = state.spec.location;
  auto& gates = order.spec.controller.scheduling_gates;
  const bool gated = std::any_of(gates.begin(), gates.end(), [](const SchedulingGate& gate) {
    return gate.name == kNetworkGate;
  });
  if (!gated && !from.spec.network_interfaces.empty()) {
    gates.insert(gates.begin(), SchedulingGate{.name = std::string(kNetworkGate)});
  }
  order.spec.controller.template_hash = state.own.template_hash;
  order.labels = from.metadata.labels;
  order.annotations = from.metadata.annotations;
  order.owner = OwnerReference{.kind = std::string(DeploymentMachine::kName),
                               .namespace_ = state.metadata.namespace_,
                               .name = state.metadata.name,
                               .uid = state.metadata.uid};
  order.network = state.own.network;
  return order;
}

}  // namespace

size_t ShareOf(const Deployment& state) {
  const size_t bytes = Pack(state.spec.template_).size() + 512;
  return std::clamp(kShareBytes / bytes, size_t{1}, kShareMax);
}

void CreateMember(DeploymentDraft& draft, uint64_t ordinal) {
  DeploymentMember member;
  member.name = NameOf(draft.state(), draft.context().self.name, ordinal);
  member.outcome = draft.SendForRefusal(InstanceKey(draft, member.name), Order(draft.state()));
  member.sent_hash = draft->own.template_hash;
  member.network_gate = !draft->spec.template_.spec.network_interfaces.empty();
  draft.Emit(MemberChanged{.ordinal = ordinal, .member = std::move(member)});
}

void UpdateMember(DeploymentDraft& draft, uint64_t ordinal) {
  DeploymentMember member = *FindMember(draft.state(), ordinal);
  InstanceCreate order = Order(draft.state());
  // One that is gone by now is made by its turn in the plan, not by this.
  order.expected_uid = member.uid;
  member.outcome = draft.SendForRefusal(InstanceKey(draft, member.name), std::move(order));
  member.sent_hash = draft->own.template_hash;
  draft.Emit(MemberChanged{.ordinal = ordinal, .member = std::move(member)});
}

void DeleteMember(DeploymentDraft& draft, uint64_t ordinal) {
  DeploymentMember member = *FindMember(draft.state(), ordinal);
  draft.Send(InstanceKey(draft, member.name), Delete{.expected_uid = member.uid});
  member.deleting = true;
  draft.Emit(MemberChanged{.ordinal = ordinal, .member = std::move(member)});
}

void TellNetworks(DeploymentDraft& draft) {
  if (!draft->own.telling) return;
  const std::string from = draft->own.told_to == 0 ? "" : BigEndianKey(draft->own.told_to);
  const auto gated = OrdinalsOf(draft.state(), DeploymentMachine::kGated, kShareMax, from);
  for (const uint64_t ordinal : gated) {
    const auto member = FindMember(draft.state(), ordinal);
    draft.Send(InstanceKey(draft, member->name), TellNetwork{.network = draft->own.network});
  }
  const bool finished = gated.size() < kShareMax;
  draft.Emit(
      DeploymentNetworkTold{.ordinal = finished ? 0 : gated.back() + 1, .finished = finished});
}

}  // namespace sluice::deployment
