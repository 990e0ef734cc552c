// What follows from a pull request's state: label change, merge, reads, conditions, timers; and the
// actions that providers see.
#include <algorithm>

#include "machines/common/retry.h"
#include "machines/common/stuck.h"
#include "machines/pullrequest/qualification.h"
#include "machines/pullrequest/settings.h"
#include "machines/pullrequest/state_labels.h"
#include "machines/pullrequest/workflow.h"

namespace sluice {
namespace {

using namespace pullrequest;  // NOLINT: the machine's own parts
using Verdict = Judgement::Verdict;

bool IsFinal(Phase phase) { return phase == Phase::kMerged; }

void WakeWhatIsDue(RequestDraft& draft) {
  const Time retry = draft->status.retry.next_time;
  if (retry.IsSet() && draft.now() >= retry) {
    draft.Emit(SyncRetryDue{});
    // Both directions begin with a read: what failed may be otherwise by now.
    if (draft->own.fetch == 0) AskFetch(draft, false);
  }
  const Time hold = draft->own.held_until;
  if (!hold.IsSet() || draft.now() < hold) return;
  draft.Emit(LabelHoldEnded{});
  // What is put back now counts as before.
  if (draft->own.label_change) draft.Emit(LabelContested{});
}

void SettleMerge(RequestDraft& draft) {
  const PullRequestStatus& status = draft->status;
  const bool may = status.phase == Phase::kQualified && draft->spec.auto_merge &&
                   status.qualified_sha == status.head_sha && !status.head_sha.empty();
  if (!may || draft->own.label_change || draft->own.fetch != 0) return;
  draft.Emit(MergeStarted{.sha = status.head_sha});
  SettleLabels(draft);
}

// When GitHub is read again without anybody asking; unset for never.
Time NextPoll(const RequestDraft& draft, const Judgement& judgement) {
  const ClusterConfigSpec& settings = draft.context().Settings();
  if (IsFinal(draft->status.phase) || draft->own.fetch != 0 || !draft->own.fetched_at.IsSet()) {
    return {};
  }
  if (judgement.awaits_mergeable) {
    return draft->own.fetched_at + RetryDelay(std::max(1U, draft->own.mergeable_asks), settings);
  }
  const Duration interval = delivery::PollInterval(settings);
  return interval == Duration{} ? Time{} : draft->own.fetched_at + interval;
}

void SettleReads(RequestDraft& draft) {
  const bool open = !draft->status.merged && !draft->status.closed;
  const Judgement judgement = open && draft->own.observed ? Judge(draft.state()) : Judgement{};
  const bool lacks_facts = judgement.verdict == Verdict::kUnknown && !judgement.awaits_mergeable;
  const bool read_this = draft->own.fetched_sha == draft->status.head_sha;
  if (draft->own.fetch == 0 && lacks_facts && !read_this) AskFetch(draft, false);
  Time poll = NextPoll(draft, judgement);
  if (poll.IsSet() && draft.now() >= poll) {
    AskFetch(draft, false);
    poll = {};
  }
  draft.Arm(kPollTimer, poll);
  draft.Arm(kRetryTimer, draft->status.retry.next_time);
  draft.Arm(kHoldTimer, draft->own.held_until);
}

void Set(RequestDraft& draft, std::string_view type, bool holds, std::string_view reason,
         std::string_view message) {
  draft.SetCondition(type, holds ? ConditionStatus::kTrue : ConditionStatus::kFalse, reason,
                     message);
}

void SettleSynced(RequestDraft& draft) {
  const PullRequestOwn& own = draft->own;
  if (!own.sync_reason.empty()) {
    Set(draft, "Synced", false, own.sync_reason, own.sync_message);
  } else if (own.held_until.IsSet() && own.label_change) {
    Set(draft, "Synced", false, "LabelsHeld",
        fmt::format("label {} is not put back before {}", own.label_change->to,
                    FormatTime(own.held_until)));
  } else if (own.label_change) {
    Set(draft, "Synced", false, "LabelsPending",
        fmt::format("GitHub is to show {}", own.label_change->to));
  } else if (own.observed) {
    Set(draft, "Synced", true, "InSync", "");
  }
}

// What has come to its end keeps the verdict it had; one that never had any gets it from what was
// read of it since.
bool IsVerdictFinal(const PullRequest& request) {
  if (!request.status.merged && !request.status.closed) return false;
  const Condition* verdict = FindCondition(request.status.conditions, "Qualified");
  return verdict && verdict->status != ConditionStatus::kUnknown;
}

void SettleQualified(RequestDraft& draft) {
  if (!draft->own.observed || IsVerdictFinal(draft.state())) return;
  const Judgement judgement = Judge(draft.state());
  switch (judgement.verdict) {
    case Verdict::kPass:
      return Set(draft, "Qualified", true, "RulesPassed", "");
    case Verdict::kFail:
      return Set(draft, "Qualified", false, "RulesFailed", judgement.message);
    case Verdict::kUnknown:
      return draft.SetCondition("Qualified", ConditionStatus::kUnknown, "FactsMissing",
                                judgement.message);
  }
  Unreachable();
}

void SettleMerged(RequestDraft& draft) {
  switch (draft->status.phase) {
    case Phase::kMerged:
      return Set(draft, "Merged", true, "Merged", draft->status.merge_sha);
    case Phase::kFailed:
      return Set(draft, "Merged", false, draft->own.failure_reason, draft->own.failure_message);
    case Phase::kMerging:
      return Set(draft, "Merged", false, "Merging", draft->own.merging_sha);
    case Phase::kClosed:
      return Set(draft, "Merged", false, "Closed", "closed without a merge");
    case Phase::kDiscovered:
    case Phase::kQualified:
      if (draft->own.observed) Set(draft, "Merged", false, "NotMerged", "");
      return;
    case Phase::kAbsent:
    case Phase::kDeleting:
    case Phase::kDeleted:
      return;
  }
  Unreachable();
}

void SettleConflict(RequestDraft& draft) {
  const PullRequestOwn& own = draft->own;
  if (own.held_until.IsSet()) {
    Set(draft, "Conflict", true, "RecoveryLimit",
        "labels of ours were moved and put back three times within an hour");
  } else if (!own.conflicting.empty()) {
    Set(draft, "Conflict", true, "SeveralStateLabels",
        fmt::format("{}", fmt::join(own.conflicting, ", ")));
  } else if (own.observed) {
    Set(draft, "Conflict", false, "NoConflict", "");
  }
}

// A fault of a monitor shows on what made it.
void SettleDrifted(RequestDraft& draft) {
  if (draft->status.phase != Phase::kMerged || draft->own.monitors.empty()) return;
  std::vector<std::string> drifted;
  std::vector<std::string> unknown;
  for (const MonitorRef& monitor : draft->own.monitors) {
    if (monitor.phase == "Drifted") drifted.push_back(monitor.cluster);
    const bool silent = monitor.phase.empty() || monitor.phase == "Pending";
    if (silent || monitor.phase == "Unknown") unknown.push_back(monitor.cluster);
  }
  if (!drifted.empty()) {
    Set(draft, "Drifted", true, "ClusterDrifted", fmt::format("{}", fmt::join(drifted, ", ")));
  } else if (!unknown.empty()) {
    draft.SetCondition("Drifted", ConditionStatus::kUnknown, "NoReport",
                       fmt::format("{}", fmt::join(unknown, ", ")));
  } else {
    Set(draft, "Drifted", false, "NoDrift", "");
  }
}

void SettleAwaited(RequestDraft& draft) {
  const PullRequestOwn& own = draft->own;
  if (draft->status.phase == Phase::kMerging) {
    SettleStuck(draft, "GitHub to merge " + own.merging_sha, own.phase_since);
  } else if (own.fetch != 0) {
    SettleStuck(draft, "GitHub to be read", own.fetch_asked_at);
  } else if (own.label_change) {
    SettleStuck(draft, "label " + own.label_change->to, std::max(own.phase_since, own.fetched_at));
  } else {
    SettleStuck(draft, "", {});
  }
}

void SettleDeletion(RequestDraft& draft) {
  if (!DeleteMonitors(draft)) {
    SettleStuck(draft, "driftmonitors to go", draft->metadata.deletion_timestamp);
    return;
  }
  draft.Send(LeaseKey(), Unobserve{.observer = draft.context().self.ToString()});
  ReleaseTracking(draft);
  draft.Emit(EntityDeleted{});
}

bool MayMerge(const PullRequest& request) {
  const PullRequestStatus& status = request.status;
  return status.phase == Phase::kMerging && request.spec.auto_merge &&
         request.own.merging_sha == status.head_sha && status.qualified_sha == status.head_sha;
}

}  // namespace

void PullRequestMachine::Settle(Draft<PullRequestMachine>& draft) {
  if (draft->IsDeleting()) return SettleDeletion(draft);
  if (draft->status.observed_generation == 0) {
    draft.Send(LeaseKey(), Observe{.observer = draft.context().self.ToString()});
  }
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
    AskFetch(draft, false);  // Other rules read other facts.
  }
  if (!SettleTracking(draft)) return;
  WakeWhatIsDue(draft);
  SettleLabels(draft);
  SettleMerge(draft);
  SettleReads(draft);
  SettleMonitors(draft);
  SettleSynced(draft);
  SettleQualified(draft);
  SettleMerged(draft);
  SettleConflict(draft);
  SettleDrifted(draft);
  SettleAwaited(draft);
}

// One of reading, labelling and merging at a time. A read goes before labels that failed: GitHub
// may have moved; a change just decided goes before the next read, which then sees it done.
std::vector<PendingAction> PullRequestMachine::Pending(const State& state) {
  if (!state.Exists() || state.IsDeleting() || state.status.retry.next_time.IsSet()) return {};
  if (IsTrackedElsewhere(state)) return {};
  const EntityKey self{std::string(kName), state.metadata.namespace_, state.metadata.name};
  std::vector<PendingAction> actions;
  const auto add = [&](std::string verb, std::string target, uint64_t attempt) {
    actions.push_back({.verb = std::move(verb),
                       .target = std::move(target),
                       .location = std::string(kGitHubLocation),
                       .uid = state.metadata.uid,
                       .generation = state.metadata.generation,
                       .attempt = static_cast<uint32_t>(attempt)});
  };
  const uint32_t attempt = state.status.retry.attempt;
  const std::optional<LabelChange>& change = state.own.label_change;
  const bool labels = change && !state.own.held_until.IsSet();
  if (state.own.fetch != 0 && (!labels || attempt > 0)) {
    add("FetchPullRequest", self.ToString(), state.own.fetch);
    return actions;
  }
  if (!MayChange(state)) return actions;
  if (labels) {
    if (!HasLabel(state.status.labels, change->to)) add("AddLabel", change->to, attempt);
    for (const std::string& label : change->from) {
      const bool goes = !SameLabel(label, change->to) && HasLabel(state.status.labels, label);
      if (goes) add("RemoveLabel", label, attempt);
    }
    return actions;
  }
  if (MayMerge(state) && !change) add("Merge", self.ToString(), attempt);
  return actions;
}

}  // namespace sluice
