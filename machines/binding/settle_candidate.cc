// Rules 3 to 6, and of rule 8 what comes before the cutover: what becomes of the active instance
// and of the candidate as they change, and when a candidate is made.
#include "machines/binding/instances.h"
#include "machines/binding/rules.h"
#include "machines/common/retry.h"

namespace sluice::binding {
namespace {

void PutAway(BindingDraft& draft, BindingRole was, bool outdated) {
  const auto& from = was == BindingRole::kActive ? draft->own.active : draft->own.candidate;
  draft.Emit(CleanupQueued{.instance = PathOf(*from), .was = was, .outdated = outdated});
}

void FailCandidate(BindingDraft& draft) {
  const BoundInstance& candidate = *draft->own.candidate;
  draft.Emit(CandidateFailed{
      .name = candidate.name,
      .message = Describe(candidate) + " is in " + DescribeView(candidate.view),
      .retry = NextRetry(draft->own.retry, draft.now(), draft.context().Settings())});
  PutAway(draft, BindingRole::kCandidate, false);
}

// The first one is made up for at once. Where each of several comes up and fails by itself soon
// after, they are a failing attempt, and the next waits.
void CountLoss(BindingDraft& draft) {
  if (!draft.MayWrite<ActiveFailed>()) return;
  const BoundInstance& active = *draft->own.active;
  if (active.view.phase != "Failed" && active.view.phase != "Stopped") return;
  const ClusterConfigSpec& settings = draft.context().Settings();
  constexpr uint32_t kLongest = 32;  // attempts: by then the delay grows no more
  const bool soon = draft.now() < active.chosen_at + RetryDelay(kLongest, settings);
  ActiveFailed failed{.name = active.name,
                      .message = Describe(active) + " is in " + DescribeView(active.view),
                      .losses = soon ? draft->own.losses + 1 : 1,
                      .retry = {}};
  if (failed.losses > 1 && !draft->own.candidate) {
    failed.retry =
        NextRetry({.attempt = failed.losses - 2, .next_time = {}}, draft.now(), settings);
  }
  draft.Emit(std::move(failed));
}

bool IsRetryDue(const BindingDraft& draft) {
  const Time next = draft->own.retry.next_time;
  return !next.IsSet() || draft.now() >= next;
}

// Refused and asked for no more: it does not exist, so it can change or go without a trace.
void SettleRefused(BindingDraft& draft) {
  const BoundInstance& candidate = *draft->own.candidate;
  if (!NeedsRollout(draft.state())) {
    draft.Emit(CandidateWithdrawn{.name = candidate.name});
    return;
  }
  if (!MatchesTarget(draft.state(), candidate)) {
    draft.Emit(CandidateRetargeted{.revision = draft->own.target_revision,
                                   .spec_hash = draft->own.target_hash});
  }
  if (!IsRetryDue(draft)) return;
  const uint64_t outcome =
      RequestCreation(draft, KeyOf(*draft->own.candidate), draft->own.candidate->revision);
  draft.Emit(CandidateRequested{.outcome = outcome});
}

Duration ReadyDeadline(const BindingDraft& draft) {
  const auto& own = draft->spec.candidate_ready_deadline;
  return own ? *own
             : draft.context().Settings().candidate_ready_deadline.value_or(Duration::Minutes(5));
}

// Rule 8: an active one serves, and the candidate takes too long.
void SettleDeadline(BindingDraft& draft) {
  static const std::string kTimer = "candidate-ready";
  const auto& candidate = draft->own.candidate;
  const Duration deadline = ReadyDeadline(draft);
  const bool watched = draft->own.active && candidate && !candidate->refused &&
                       !IsReady(*candidate) && !draft->own.failure && deadline != Duration{};
  if (!watched) {
    draft.Disarm(kTimer);
    return;
  }
  const Time due = candidate->chosen_at + deadline;
  if (draft.now() < due) {
    draft.Arm(kTimer, due);
    return;
  }
  draft.Disarm(kTimer);
  draft.Emit(CandidateOverdue{.message = Describe(*candidate) + " is not ready within " +
                                         FormatDuration(deadline) + ": " +
                                         DescribeView(candidate->view)});
}

}  // namespace

void SettleActive(BindingDraft& draft) {
  const auto& active = draft->own.active;
  if (!active) return;
  if (active->view.gone) {
    draft.Emit(ActiveVanished{.name = active->name});
  } else if (active->view.terminal) {
    CountLoss(draft);
    PutAway(draft, BindingRole::kActive, false);
  }
}

void SettleCandidate(BindingDraft& draft) {
  const auto& candidate = draft->own.candidate;
  if (!candidate) {
    SettleDeadline(draft);
    return;
  }
  if (candidate->view.gone) {
    draft.Emit(CandidateVanished{.name = candidate->name});
  } else if (candidate->view.terminal) {
    FailCandidate(draft);
  } else if (candidate->refused && candidate->create_outcome == 0) {
    SettleRefused(draft);
  } else if (!MatchesTarget(draft.state(), *candidate)) {
    PutAway(draft, BindingRole::kCandidate, true);
  } else if (!NeedsRollout(draft.state())) {
    PutAway(draft, BindingRole::kCandidate, false);
  }
  SettleDeadline(draft);
}

void SettleCreation(BindingDraft& draft) {
  if (draft->own.candidate || !NeedsRollout(draft.state()) || !IsRetryDue(draft)) return;
  const uint64_t sequence = draft->status.next_runtime_sequence;
  const EntityKey instance{"instance", draft->metadata.namespace_,
                           InstanceName(draft->spec, sequence)};
  const std::string revision = draft->own.target_revision;
  const uint64_t outcome = RequestCreation(draft, instance, revision);
  draft.Emit(CandidateChosen{.namespace_ = instance.namespace_,
                             .name = instance.name,
                             .sequence = sequence,
                             .revision = revision,
                             .spec_hash = draft->own.target_hash,
                             .outcome = outcome});
  SettleDeadline(draft);
}

}  // namespace sluice::binding
