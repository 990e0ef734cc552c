// Settle: the rules in their order, then the phase and all that is derived from it.
//
// Rule 2 (cleanup) runs last, so that what a later rule puts away is deleted in the same decision;
// rules 3 and 4 run before 1, because they decide whether anything is active.
#include <set>

#include "machines/binding/instances.h"
#include "machines/binding/rules.h"
#include "machines/registry/registry.h"

namespace sluice {
namespace binding {
namespace {

// Another template or revision: what failed for the former one says nothing of this one.
void SettleTarget(BindingDraft& draft) {
  if (draft->status.observed_generation == draft->metadata.generation) return;
  TargetChanged wanted{.revision = draft->spec.desired_revision,
                       .spec_hash = WantedHash(draft->spec.template_)};
  if (wanted.revision == draft->own.target_revision && wanted.spec_hash == draft->own.target_hash) {
    return;
  }
  draft.Emit(std::move(wanted));
}

void SettleRules(BindingDraft& draft) {
  SettleTarget(draft);
  if (!SettleKey(draft)) return;
  SettleActive(draft);
  SettleAdoption(draft);
  SettleCandidate(draft);
  if (!AdoptionHolds(draft.state())) {
    SettleCutover(draft);
    SettleCreation(draft);
  }
  SettleCleanup(draft);
}

void Require(bool holds, const std::string& what) {
  if (!holds) throw InvariantViolation("binding: " + what);
}

// The page's invariants, as far as one state shows them (binding.h).
void CheckInvariants(const Binding& binding) {
  std::set<std::string> places;
  const auto put = [&](const BoundInstance& instance) {
    Require(places.insert(PathOf(instance)).second, PathOf(instance) + " stands in two places");
  };
  if (binding.own.active) put(*binding.own.active);
  if (binding.own.candidate) put(*binding.own.candidate);
  for (const BoundInstance& instance : binding.own.cleanup) put(instance);
  Require(!binding.own.active || binding.own.active->created, "the active one was never confirmed");
  Require(binding.status.phase != BindingPhase::kCuttingOver, "rests in CuttingOver");
  const bool serves = binding.status.phase == BindingPhase::kReady ||
                      binding.status.phase == BindingPhase::kDegraded ||
                      binding.status.phase == BindingPhase::kCleaningUp;
  Require(!serves || binding.own.active, "nothing is active in a phase that serves");
}

}  // namespace

void SettleDeletion(BindingDraft& draft) {
  if (draft->own.active) {
    draft.Emit(CleanupQueued{
        .instance = PathOf(*draft->own.active), .was = BindingRole::kActive, .outdated = false});
  }
  if (const auto& candidate = draft->own.candidate) {
    const bool exists = candidate->created || candidate->create_outcome != 0;
    if (exists) {
      draft.Emit(CleanupQueued{
          .instance = PathOf(*candidate), .was = BindingRole::kCandidate, .outdated = false});
    } else {
      draft.Emit(CandidateWithdrawn{.name = candidate->name});
    }
  }
  SettleCleanup(draft);
  const bool adopts = draft->own.adoption && draft->own.adoption->outcome != 0;
  if (!draft->own.cleanup.empty() || adopts) return;
  if (draft->own.key != BindingKeyState::kUnclaimed) {
    draft.Send(BindingKeyRegistry(draft->metadata.namespace_, draft->spec.binding_key),
               ReleaseKey{.key = draft->spec.binding_key});
  }
  draft.Emit(EntityDeleted{});
}

}  // namespace binding

void BindingMachine::Settle(BindingDraft& draft) {
  if (draft->IsDeleting()) {
    binding::SettleDeletion(draft);
    if (!draft->Exists()) return;
  } else {
    binding::SettleRules(draft);
    binding::SettlePhase(draft);
  }
  binding::SettleConditions(draft);
  binding::SettleTimers(draft);
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
  }
  binding::CheckInvariants(draft.state());
}

}  // namespace sluice
