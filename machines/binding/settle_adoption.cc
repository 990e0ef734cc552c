// The key, and rule 1: an instance that is there already becomes active.
#include "machines/binding/instances.h"
#include "machines/binding/rules.h"
#include "machines/registry/registry.h"

namespace sluice::binding {

bool SettleKey(BindingDraft& draft) {
  if (draft->own.key == BindingKeyState::kUnclaimed) {
    draft.Send(BindingKeyRegistry(draft->metadata.namespace_, draft->spec.binding_key),
               ClaimKey{.key = draft->spec.binding_key, .uid = draft->metadata.uid});
    draft.Emit(BindingKeyAsked{});
  }
  return draft->own.key == BindingKeyState::kGranted;
}

bool AdoptionHolds(const Binding& binding) {
  const auto& adoption = binding.own.adoption;
  if (!adoption || binding.own.active) return false;
  if (adoption->outcome != 0) return true;
  return adoption->blocked && binding.spec.adopt_active == adoption->wanted;
}

void SettleAdoption(BindingDraft& draft) {
  const auto& wanted = draft->spec.adopt_active;
  if (draft->own.active || !wanted) return;
  const auto& adoption = draft->own.adoption;
  if (adoption && (adoption->outcome != 0 || adoption->wanted == *wanted)) return;
  if (const BoundInstance* own = FindInstance(draft.state(), KeyOf(*wanted))) {
    const std::string message = Describe(*own) + " is this binding's own and not active";
    draft.Emit(AdoptionAsked{.wanted = *wanted, .outcome = 0});
    draft.Emit(AdoptionRefused{.reason = "FailedPrecondition", .message = message});
    return;
  }
  const uint64_t outcome = draft.SendForOutcome(
      KeyOf(*wanted),
      AdoptInstance{.owner = OwnerReference{.kind = std::string(BindingMachine::kName),
                                            .namespace_ = draft->metadata.namespace_,
                                            .name = draft->metadata.name,
                                            .uid = draft->metadata.uid}});
  draft.Emit(AdoptionAsked{.wanted = *wanted, .outcome = outcome});
}

}  // namespace sluice::binding
