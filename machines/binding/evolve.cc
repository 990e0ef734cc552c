// Facts: what they make of the state. Phases are in evolve_phase.cc.
#include <algorithm>

#include "machines/binding/binding.h"
#include "machines/binding/instances.h"
#include "machines/binding/publish.h"

namespace sluice {
namespace {

using binding::PathOf;
using binding::Publish;

BoundInstance* FindCleanup(Binding& binding, const std::string& path) {
  for (BoundInstance& instance : binding.own.cleanup) {
    if (PathOf(instance) == path) return &instance;
  }
  return nullptr;
}

// A candidate, or one that was before its creation was confirmed.
BoundInstance* FindChosen(Binding& binding, const std::string& path) {
  if (binding.own.candidate && PathOf(*binding.own.candidate) == path) {
    return &*binding.own.candidate;
  }
  if (binding.own.active && PathOf(*binding.own.active) == path) return &*binding.own.active;
  return FindCleanup(binding, path);
}

void See(BoundInstance& instance, const InstanceView& view) {
  instance.view = view;
  instance.created = true;
  instance.refused = false;
  if (view.spec_hash != Hash128{}) instance.spec_hash = view.spec_hash;
}

}  // namespace

void Evolve(Binding& binding, const BindingCreated&, const EventContext& context) {
  binding.status.next_runtime_sequence = 1;
  binding.own.phase_since = context.time;
}

void Evolve(Binding& binding, const BindingKeyAsked&) { binding.own.key = BindingKeyState::kAsked; }

void Evolve(Binding& binding, const BindingKeyGranted&) {
  binding.own.key = BindingKeyState::kGranted;
  binding.own.key_holder.clear();
}

void Evolve(Binding& binding, const BindingKeyRefused& event) {
  binding.own.key = BindingKeyState::kRefused;
  binding.own.key_holder = event.holder;
}

void Evolve(Binding& binding, const TargetChanged& event) {
  binding.own.target_revision = event.revision;
  binding.own.target_hash = event.spec_hash;
  binding.own.failure.reset();
  binding.own.retry = {};
  binding.own.losses = 0;
  Publish(binding);
}

void Evolve(Binding& binding, const AdoptionAsked& event) {
  binding.own.adoption = Adoption{.wanted = event.wanted, .outcome = event.outcome};
  Publish(binding);
}

void Evolve(Binding& binding, const AdopteeObserved& event) {
  if (binding.own.adoption) binding.own.adoption->view = event.view;
}

void Evolve(Binding& binding, const InstanceAdopted& event, const EventContext& context) {
  Adoption& adoption = *binding.own.adoption;
  adoption.outcome = 0;
  adoption.view.uid = event.uid;
  binding.own.active = BoundInstance{.namespace_ = adoption.wanted.namespace_,
                                     .name = adoption.wanted.name,
                                     .revision = event.revision,
                                     .spec_hash = adoption.view.spec_hash,
                                     .chosen_at = context.time,
                                     .created = true,
                                     .view = adoption.view};
  adoption.view = {};
  binding.status.observed_revision = event.revision;
  Publish(binding);
}

void Evolve(Binding& binding, const AdoptionRefused& event) {
  Adoption& adoption = *binding.own.adoption;
  adoption.outcome = 0;
  adoption.blocked = true;
  adoption.reason = event.reason;
  adoption.message = event.message;
  Publish(binding);
}

void Evolve(Binding& binding, const AdoptionFoundNothing&) { binding.own.adoption->outcome = 0; }

void Evolve(Binding& binding, const CandidateChosen& event, const EventContext& context) {
  binding.own.candidate = BoundInstance{.namespace_ = event.namespace_,
                                        .name = event.name,
                                        .revision = event.revision,
                                        .spec_hash = event.spec_hash,
                                        .chosen_at = context.time,
                                        .create_outcome = event.outcome};
  binding.status.next_runtime_sequence = event.sequence + 1;
  binding.own.retry.next_time = {};
  Publish(binding);
}

void Evolve(Binding& binding, const CandidateRequested& event) {
  binding.own.candidate->create_outcome = event.outcome;
  binding.own.retry.next_time = {};
  Publish(binding);
}

void Evolve(Binding& binding, const CandidateRetargeted& event, const EventContext& context) {
  binding.own.candidate->revision = event.revision;
  binding.own.candidate->spec_hash = event.spec_hash;
  binding.own.candidate->chosen_at = context.time;
  Publish(binding);
}

void Evolve(Binding& binding, const CandidateCreated& event) {
  BoundInstance* chosen = FindChosen(binding, event.instance);
  if (!chosen) return;
  if (chosen->refused) binding.own.failure.reset();
  chosen->refused = false;
  chosen->created = true;
  chosen->create_outcome = 0;
  chosen->view.uid = event.uid;
  Publish(binding);
}

void Evolve(Binding& binding, const CandidateRefused& event) {
  binding.own.candidate->create_outcome = 0;
  binding.own.candidate->refused = true;
  binding.own.failure = BindingFailure{.code = std::string(kCandidateCreateFailed),
                                       .message = event.code + ": " + event.message};
  binding.own.retry = event.retry;
  Publish(binding);
}

void Evolve(Binding& binding, const CandidateNameTaken&) {
  binding.own.candidate.reset();
  Publish(binding);
}

void Evolve(Binding& binding, const CandidateWithdrawn&) {
  binding.own.candidate.reset();
  binding.own.failure.reset();
  binding.own.retry = {};
  Publish(binding);
}

void Evolve(Binding& binding, const CandidateObserved& event) {
  See(*binding.own.candidate, event.view);
  Publish(binding);
}

void Evolve(Binding& binding, const CandidateVanished&) {
  binding.own.candidate.reset();
  Publish(binding);
}

void Evolve(Binding& binding, const CandidateOverdue& event) {
  binding.own.failure =
      BindingFailure{.code = std::string(kCandidateNotReady), .message = event.message};
  Publish(binding);
}

void Evolve(Binding& binding, const CandidateFailed& event) {
  binding.own.failure =
      BindingFailure{.code = std::string(kCandidateCreateFailed), .message = event.message};
  binding.own.retry = event.retry;
  Publish(binding);
}

void Evolve(Binding& binding, const CandidatePromoted& event) {
  binding.own.active = std::move(binding.own.candidate);
  binding.own.candidate.reset();
  binding.own.failure.reset();
  binding.own.retry = {};
  binding.status.observed_revision = event.revision;
  Publish(binding);
}

void Evolve(Binding& binding, const ActiveObserved& event) {
  See(*binding.own.active, event.view);
  Publish(binding);
}

void Evolve(Binding& binding, const ActiveFailed& event) {
  binding.own.losses = event.losses;
  if (event.retry.next_time.IsSet()) {
    binding.own.failure =
        BindingFailure{.code = std::string(kCandidateCreateFailed), .message = event.message};
    binding.own.retry = event.retry;
  }
  Publish(binding);
}

void Evolve(Binding& binding, const ActiveVanished&) {
  binding.own.active.reset();
  Publish(binding);
}

void Evolve(Binding& binding, const CleanupQueued& event) {
  auto& place = event.was == BindingRole::kActive ? binding.own.active : binding.own.candidate;
  binding.own.cleanup.push_back(std::move(*place));
  binding.own.cleanup.back().outdated = event.outdated;
  place.reset();
  Publish(binding);
}

void Evolve(Binding& binding, const CleanupObserved& event) {
  if (BoundInstance* instance = FindCleanup(binding, event.instance)) See(*instance, event.view);
  Publish(binding);
}

void Evolve(Binding& binding, const CleanupRequested& event) {
  if (BoundInstance* instance = FindCleanup(binding, event.instance)) {
    instance->delete_outcome = event.outcome;
    instance->delete_retry.next_time = {};
  }
  Publish(binding);
}

void Evolve(Binding& binding, const CleanupAccepted& event) {
  if (BoundInstance* instance = FindCleanup(binding, event.instance)) {
    instance->delete_outcome = 0;
    instance->delete_accepted = true;
    instance->delete_retry = {};
    instance->delete_failure.clear();
  }
  Publish(binding);
}

void Evolve(Binding& binding, const CleanupRefused& event) {
  if (BoundInstance* instance = FindCleanup(binding, event.instance)) {
    instance->delete_outcome = 0;
    instance->delete_retry = event.retry;
    instance->delete_failure = event.code + ": " + event.message;
  }
  Publish(binding);
}

void Evolve(Binding& binding, const CleanupFinished& event) {
  std::erase_if(binding.own.cleanup,
                [&](const BoundInstance& instance) { return PathOf(instance) == event.instance; });
  Publish(binding);
}

void Evolve(Binding& binding, const RetriesHastened&) {
  binding.own.retry.next_time = {};
  for (BoundInstance& instance : binding.own.cleanup) instance.delete_retry.next_time = {};
  Publish(binding);
}

}  // namespace sluice
