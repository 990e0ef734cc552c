// Commands record what they tell; what follows is Settle's.
#include "machines/binding/instances.h"
#include "machines/binding/rules.h"
#include "machines/common/retry.h"

namespace sluice {
namespace {

using namespace binding;  // NOLINT: the rules' helpers

DecideResult Settled(BindingDraft& draft) {
  BindingMachine::Settle(draft);
  return draft.Take();
}

// --- Answers to what the binding asked for
// --------------------------------------------------------

void OnAdoption(BindingDraft& draft, const Outcome& outcome) {
  const Adoption adoption = *draft->own.adoption;
  if (outcome.accepted) {
    std::string revision = adoption.view.revision;
    if (revision.empty()) revision = adoption.wanted.revision;
    if (revision.empty()) revision = draft->spec.adopted_revision;
    draft.Emit(InstanceAdopted{.uid = outcome.uid, .revision = revision});
    const BoundInstance& active = *draft->own.active;
    Introduce(draft, active);
    if (active.view.phase.empty()) LookAt(draft, KeyOf(active));
  } else if (outcome.code == "NotFound") {
    draft.Emit(AdoptionFoundNothing{});
  } else {
    draft.Emit(AdoptionRefused{.reason = outcome.code, .message = outcome.message});
  }
}

void OnCandidateCreation(BindingDraft& draft, const Outcome& outcome) {
  const BoundInstance candidate = *draft->own.candidate;
  if (outcome.accepted) {
    draft.Emit(CandidateCreated{.instance = PathOf(candidate), .uid = outcome.uid});
    // One that was there already has said nothing of itself.
    if (candidate.view.phase.empty()) LookAt(draft, KeyOf(candidate));
  } else if (outcome.code == "AlreadyExists") {
    draft.Emit(CandidateNameTaken{.name = candidate.name});
  } else {
    draft.Emit(CandidateRefused{
        .code = outcome.code,
        .message = outcome.message,
        .retry = NextRetry(draft->own.retry, draft.now(), draft.context().Settings())});
  }
}

void OnCleanupCreation(BindingDraft& draft, const BoundInstance& instance, const Outcome& outcome) {
  if (outcome.accepted) {
    draft.Emit(CandidateCreated{.instance = PathOf(instance), .uid = outcome.uid});
  } else {
    draft.Emit(CleanupFinished{.instance = PathOf(instance)});
  }
}

void OnCleanupDeletion(BindingDraft& draft, const BoundInstance& instance, const Outcome& outcome) {
  // Under another uid it is another's, and ours is gone.
  const bool is_another = outcome.uid != instance.view.uid;
  if (is_another && (outcome.accepted || outcome.code == "FailedPrecondition")) {
    draft.Emit(CleanupFinished{.instance = PathOf(instance)});
  } else if (outcome.accepted) {
    draft.Emit(CleanupAccepted{.instance = PathOf(instance)});
  } else {
    draft.Emit(CleanupRefused{
        .instance = PathOf(instance),
        .code = outcome.code,
        .message = outcome.message,
        .retry = NextRetry(instance.delete_retry, draft.now(), draft.context().Settings())});
  }
}

// False when nothing waits for this number.
bool OnOutcome(BindingDraft& draft, const Outcome& outcome) {
  const Binding& binding = draft.state();
  if (outcome.number == 0) return false;
  if (binding.own.adoption && binding.own.adoption->outcome == outcome.number) {
    OnAdoption(draft, outcome);
    return true;
  }
  if (binding.own.candidate && binding.own.candidate->create_outcome == outcome.number) {
    OnCandidateCreation(draft, outcome);
    return true;
  }
  if (binding.own.active && binding.own.active->create_outcome == outcome.number) {
    const BoundInstance& active = *binding.own.active;
    draft.Emit(CandidateCreated{.instance = PathOf(active), .uid = active.view.uid});
    return true;
  }
  for (const BoundInstance& instance : binding.own.cleanup) {
    const BoundInstance asked = instance;
    if (asked.create_outcome == outcome.number) {
      OnCleanupCreation(draft, asked, outcome);
      return true;
    }
    if (asked.delete_outcome == outcome.number) {
      OnCleanupDeletion(draft, asked, outcome);
      return true;
    }
  }
  return false;
}

// --- Observations
// ---------------------------------------------------------------------------------

bool IsAdoptee(const Binding& binding, const EntityKey& subject) {
  return binding.own.adoption && binding.own.adoption->outcome != 0 &&
         KeyOf(binding.own.adoption->wanted) == subject;
}

// Emits the view of an instance where it differs from what is known.
void See(BindingDraft& draft, const BoundInstance& known, InstanceView view) {
  if (known.created && known.view == view) return;
  const std::string path = PathOf(known);
  if (draft->own.active && PathOf(*draft->own.active) == path) {
    draft.Emit(ActiveObserved{.view = std::move(view)});
  } else if (draft->own.candidate && PathOf(*draft->own.candidate) == path) {
    draft.Emit(CandidateObserved{.view = std::move(view)});
  } else {
    draft.Emit(CleanupObserved{.instance = path, .view = std::move(view)});
  }
}

}  // namespace

DecideResult Decide(const Binding& binding, const Observed& command, const DecideContext& context) {
  const EntityKey subject = KeyOrDie(command.subject);
  BindingDraft draft(binding, context);
  if (const BoundInstance* known = FindInstance(binding, subject)) {
    // Before its creation is confirmed, only an instance that names us as owner is ours.
    if (!known->created && !SaysOwnedBy(command, context.self)) return Ignore();
    See(draft, *known, ViewOf(command, context.self, known->created ? known->view.uid : ""));
  } else if (IsAdoptee(binding, subject) && SaysOwnedBy(command, context.self)) {
    draft.Emit(AdopteeObserved{.view = ViewOf(command, context.self, "")});
  } else {
    return Ignore();
  }
  return Settled(draft);
}

DecideResult Decide(const Binding& binding, const Outcome& command, const DecideContext& context) {
  BindingDraft draft(binding, context);
  if (!OnOutcome(draft, command)) return Ignore();
  return Settled(draft);
}

DecideResult Decide(const Binding& binding, const ClaimAnswered& command,
                    const DecideContext& context) {
  const bool is_meant = binding.Exists() && command.uid == binding.metadata.uid &&
                        command.key == binding.spec.binding_key;
  if (!is_meant || binding.own.key == BindingKeyState::kGranted) return Ignore();
  BindingDraft draft(binding, context);
  if (command.granted) {
    draft.Emit(BindingKeyGranted{});
  } else if (binding.own.key != BindingKeyState::kRefused ||
             binding.own.key_holder != command.holder) {
    draft.Emit(BindingKeyRefused{.holder = command.holder});
  }
  return Settled(draft);
}

DecideResult Decide(const Binding& binding, const BindingReconcile&, const DecideContext& context) {
  BindingDraft draft(binding, context);
  const BindingOwn& own = draft->own;
  bool waits = own.retry.next_time.IsSet();
  std::vector<EntityKey> known;
  if (own.active) known.push_back(KeyOf(*own.active));
  if (own.candidate && own.candidate->created) known.push_back(KeyOf(*own.candidate));
  for (const BoundInstance& instance : own.cleanup) {
    waits = waits || instance.delete_retry.next_time.IsSet();
    if (instance.created) known.push_back(KeyOf(instance));
  }
  for (const EntityKey& instance : known) LookAt(draft, instance);
  if (waits) draft.Emit(RetriesHastened{});
  return Settled(draft);
}

}  // namespace sluice
