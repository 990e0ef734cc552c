// What is derived once the rules have decided: phase, conditions, timers.
#include "machines/binding/instances.h"
#include "machines/binding/publish.h"
#include "machines/binding/rules.h"
#include "machines/common/stuck.h"

namespace sluice::binding {
namespace {

BindingPhase PhaseWithActive(const Binding& binding) {
  const BindingOwn& own = binding.own;
  if (own.failure) return BindingPhase::kDegraded;
  if (own.candidate) {
    return own.candidate->created ? BindingPhase::kWaitingReady : BindingPhase::kCreating;
  }
  const bool cleans = binding.status.phase == BindingPhase::kCleaningUp && !own.cleanup.empty();
  return cleans ? BindingPhase::kCleaningUp : BindingPhase::kReady;
}

BindingPhase PhaseWithoutActive(const Binding& binding) {
  const BindingOwn& own = binding.own;
  if (own.key == BindingKeyState::kRefused) return BindingPhase::kFailed;
  if (own.adoption && own.adoption->outcome != 0) return BindingPhase::kPending;
  if (AdoptionHolds(binding)) return BindingPhase::kFailed;
  if (own.candidate) {
    if (own.candidate->refused) return BindingPhase::kFailed;
    return own.candidate->created ? BindingPhase::kWaitingReady : BindingPhase::kCreating;
  }
  return own.failure ? BindingPhase::kFailed : BindingPhase::kPending;
}

struct Progress {
  ConditionStatus status;
  std::string_view reason;
  std::string message;
};

Progress CandidateProgress(const Binding& binding) {
  const BoundInstance& candidate = *binding.own.candidate;
  if (candidate.refused) {
    const std::string message = binding.own.failure ? binding.own.failure->message : "";
    return {ConditionStatus::kFalse, kCandidateCreateFailed, Describe(candidate) + ": " + message};
  }
  if (!candidate.created) {
    return {ConditionStatus::kTrue, kCandidateCreating, Describe(candidate) + " is being created"};
  }
  return {ConditionStatus::kTrue, kCandidateNotReady, Describe(candidate) + " is not ready yet"};
}

// With what the candidate says of itself; Progressing would change with its every word.
std::string CandidateMessage(const BoundInstance& candidate, const Progress& progress) {
  return candidate.created ? Describe(candidate) + ": " + DescribeView(candidate.view)
                           : progress.message;
}

Progress CleanupProgress(const Binding& binding) {
  if (const BoundInstance* failing = FailingCleanup(binding)) {
    return {ConditionStatus::kFalse, kCleanupFailed,
            Describe(*failing) + ": " + failing->delete_failure};
  }
  for (const BoundInstance& instance : binding.own.cleanup) {
    if (instance.outdated) {
      return {ConditionStatus::kTrue, kCandidateOutdated,
              Describe(instance) + " no longer matched and goes"};
    }
  }
  return {ConditionStatus::kTrue, kCleanupPending,
          Describe(binding.own.cleanup.front()) + " is to go"};
}

Progress ProgressOf(const Binding& binding) {
  const BindingOwn& own = binding.own;
  if (own.key == BindingKeyState::kRefused) {
    return {ConditionStatus::kFalse, "AlreadyExists",
            "binding key " + binding.spec.binding_key + " is held by " + own.key_holder};
  }
  if (binding.IsDeleting()) return {ConditionStatus::kFalse, "Deleting", "is being deleted"};
  if (own.candidate) return CandidateProgress(binding);
  if (own.failure) {
    return {ConditionStatus::kFalse, kCandidateCreateFailed, own.failure->message};
  }
  if (AdoptionHolds(binding) && own.adoption->blocked) {
    return {ConditionStatus::kFalse, kAdoptionBlocked, own.adoption->message};
  }
  if (!own.active) return {ConditionStatus::kUnknown, "Pending", "Waiting for controller"};
  if (!own.cleanup.empty()) return CleanupProgress(binding);
  return {ConditionStatus::kFalse, "Ready", Describe(*own.active) + " is what is wanted"};
}

void SettleReady(BindingDraft& draft, const Progress& progress) {
  const auto& active = draft->own.active;
  if (draft->spec.disconnected) {
    draft.SetCondition("Ready", ConditionStatus::kFalse, "Disconnected",
                       "spec.disconnected is set");
  } else if (active && active->view.ready) {
    draft.SetCondition("Ready", ConditionStatus::kTrue, "Ready", Describe(*active) + " is ready");
  } else if (progress.status == ConditionStatus::kUnknown) {
    draft.SetCondition("Ready", ConditionStatus::kUnknown, progress.reason, progress.message);
  } else if (active && progress.reason == "Ready") {
    // Nothing is under way, and yet it does not serve: its own reason says more.
    draft.SetCondition("Ready", ConditionStatus::kFalse,
                       active->view.reason.empty() ? "Pending" : active->view.reason,
                       Describe(*active) + ": " + DescribeView(active->view));
  } else {
    const auto& candidate = draft->own.candidate;
    draft.SetCondition("Ready", ConditionStatus::kFalse, progress.reason,
                       candidate ? CandidateMessage(*candidate, progress) : progress.message);
  }
}

void SettleCandidateConditions(BindingDraft& draft) {
  const auto& candidate = draft->own.candidate;
  if (!candidate) {
    const std::string_view reason = draft->own.failure ? kCandidateCreateFailed : "NoCandidate";
    const std::string message = draft->own.failure ? draft->own.failure->message : "";
    draft.SetCondition("CandidateReady", ConditionStatus::kFalse, reason, message);
    draft.SetCondition("CutoverReady", ConditionStatus::kFalse, reason, message);
    return;
  }
  const Progress progress = CandidateProgress(draft.state());
  const bool is_ready = IsReady(*candidate);
  draft.SetCondition("CandidateReady", is_ready ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                     is_ready ? "Ready" : progress.reason, CandidateMessage(*candidate, progress));
  draft.SetCondition("CutoverReady", ConditionStatus::kFalse, progress.reason, progress.message);
}

void SettleBlocked(BindingDraft& draft) {
  if (const BoundInstance* failing = FailingCleanup(draft.state())) {
    draft.SetCondition("CleanupBlocked", ConditionStatus::kTrue, kCleanupFailed,
                       Describe(*failing) + ": " + failing->delete_failure);
  } else {
    draft.SetCondition("CleanupBlocked", ConditionStatus::kFalse,
                       draft->own.cleanup.empty() ? "NothingToCleanUp" : kCleanupPending, "");
  }
  const auto& adoption = draft->own.adoption;
  const bool is_blocked =
      adoption && adoption->blocked && draft->spec.adopt_active == adoption->wanted;
  if (is_blocked) {
    draft.SetCondition("AdoptionBlocked", ConditionStatus::kTrue, adoption->reason,
                       adoption->message);
  } else {
    draft.SetCondition("AdoptionBlocked", ConditionStatus::kFalse, "NotBlocked", "");
  }
}

std::string Awaited(const Binding& binding) {
  const BindingOwn& own = binding.own;
  std::string going;
  for (const BoundInstance& instance : own.cleanup) {
    going += (going.empty() ? "" : ", ") + Describe(instance);
  }
  switch (binding.status.phase) {
    case BindingPhase::kPending:
      if (own.adoption && own.adoption->outcome != 0) {
        return "instance " + own.adoption->wanted.namespace_ + "/" + own.adoption->wanted.name +
               " to be handed over";
      }
      return "its binding key";
    case BindingPhase::kCreating:
      return Describe(*own.candidate) + " to be created";
    case BindingPhase::kWaitingReady:
      return Describe(*own.candidate) + " to become ready";
    case BindingPhase::kCleaningUp:
    case BindingPhase::kDeleting:
      return going + " to go";
    case BindingPhase::kAbsent:
    case BindingPhase::kCuttingOver:
    case BindingPhase::kReady:
    case BindingPhase::kDegraded:
    case BindingPhase::kFailed:
    case BindingPhase::kDeleted:
      return "";
  }
  Unreachable();
}

// When the next failed thing is tried again; unset if nothing waits for that.
Time NextAttempt(const Binding& binding) {
  Time next = binding.IsDeleting() ? Time{} : binding.own.retry.next_time;
  for (const BoundInstance& instance : binding.own.cleanup) {
    const Time due = instance.delete_retry.next_time;
    if (due.IsSet() && (!next.IsSet() || due < next)) next = due;
  }
  return next;
}

}  // namespace

void SettlePhase(BindingDraft& draft) {
  const Binding& binding = draft.state();
  const BindingOwn& own = binding.own;
  const BindingPhase phase = own.active ? PhaseWithActive(binding) : PhaseWithoutActive(binding);
  if (phase == binding.status.phase) return;
  const std::string active = own.active ? PathOf(*own.active) : "";
  const std::string candidate = own.candidate ? PathOf(*own.candidate) : "";
  const Progress progress = ProgressOf(binding);
  const std::string code = own.failure ? own.failure->code : std::string(progress.reason);
  const std::string message = own.failure ? own.failure->message : progress.message;
  switch (phase) {
    case BindingPhase::kPending:
      return draft.Emit(BindingResumed{});
    case BindingPhase::kCreating:
      return draft.Emit(
          RolloutStarted{.candidate = candidate, .revision = own.candidate->revision});
    case BindingPhase::kWaitingReady:
      return draft.Emit(CandidateAwaited{.candidate = candidate});
    case BindingPhase::kReady:
      return draft.Emit(BindingSettled{.active = active});
    case BindingPhase::kDegraded:
      return draft.Emit(BindingDegraded{.code = code, .message = message});
    case BindingPhase::kFailed:
      return draft.Emit(BindingFailed{.code = code, .message = message});
    case BindingPhase::kAbsent:
    case BindingPhase::kCuttingOver:
    case BindingPhase::kCleaningUp:
    case BindingPhase::kDeleting:
    case BindingPhase::kDeleted:
      break;
  }
  Unreachable();  // CleaningUp is entered by CutoverCompleted alone.
}

void SettleConditions(BindingDraft& draft) {
  const Progress progress = ProgressOf(draft.state());
  draft.SetCondition("Progressing", progress.status, progress.reason, progress.message);
  SettleReady(draft, progress);
  SettleBlocked(draft);
  if (draft->own.key == BindingKeyState::kGranted) SettleCandidateConditions(draft);
}

void SettleTimers(BindingDraft& draft) {
  const Time next = NextAttempt(draft.state());
  draft.Arm("retry", next);
  if (draft->IsDeleting()) draft.Disarm("candidate-ready");
  const Time since =
      draft->IsDeleting() ? draft->metadata.deletion_timestamp : draft->own.phase_since;
  SettleStuck(draft, Awaited(draft.state()), since);
}

}  // namespace sluice::binding
