// GitHub's side, adopted: its merged and closed facts first, then the state its labels say, then
// the rules; what GitHub does not show after that becomes a label change.
#include <algorithm>

#include "machines/pullrequest/qualification.h"
#include "machines/pullrequest/settings.h"
#include "machines/pullrequest/state_labels.h"
#include "machines/pullrequest/workflow.h"

namespace sluice {
namespace {

using namespace pullrequest;  // NOLINT: the machine's own parts
using Labels = std::vector<std::string>;

constexpr size_t kCorrectionsPerHour = 3;

// How far GitHub's clock may be ahead of the node's.
constexpr Duration kClockSkewMax = Duration::Minutes(5);

void Validate(const ObserveGitHub& seen, Time now, FieldErrors& errors) {
  if (seen.state != "open" && seen.state != "closed") {
    errors.Add("payload.state", fmt::format("is '{}'; it should be open or closed", seen.state));
  }
  if (seen.merged && seen.state == "open") {
    errors.Add("payload.merged", "is true while state is open");
  }
  if (seen.sha.empty()) errors.Add("payload.sha", "is required");
  if (!seen.at.IsSet()) errors.Add("payload.at", "is required");
  // All that is observed until then would be older, and be ignored.
  if (seen.at > now + kClockSkewMax) {
    errors.Add("payload.at",
               fmt::format("is {}, which is in the future: it is {} here; check the clocks",
                           FormatTime(seen.at), FormatTime(now)));
  }
  if (seen.approvals && *seen.approvals < 0) errors.Add("payload.approvals", "is negative");
  for (size_t i = 0; i < seen.labels.size(); ++i) {
    if (seen.labels[i].empty()) errors.Add(fmt::format("payload.labels[{}]", i), "is empty");
  }
}

// The labels of ours are as a change that was decided here leaves them: whole, half done (the new
// one is added before the others go), or not begun.
bool IsOurDoing(const PullRequest& request, const Labels& ours, std::string_view prefix) {
  if (!request.own.observed) return false;
  if (SameLabels(ours, StateLabels(request.status.labels, prefix))) return true;
  const std::optional<LabelChange>& change = request.own.label_change;
  if (!change || request.own.held_until.IsSet() || !HasLabel(ours, change->to)) return false;
  return std::all_of(ours.begin(), ours.end(), [&](const std::string& label) {
    return SameLabel(label, change->to) || HasLabel(change->from, label);
  });
}

// What is known now: the observation, and where it says nothing, what was known of the commit.
GitHubObserved Merge(const PullRequest& request, const ObserveGitHub& seen) {
  const bool same_commit = request.own.observed && request.status.head_sha == seen.sha;
  GitHubObserved facts{.labels = seen.labels,
                       .head_sha = seen.sha,
                       .merge_sha = seen.merge_sha,
                       .merged = seen.merged || request.status.phase == Phase::kMerged,
                       .closed = seen.state == "closed",
                       .mergeable = seen.mergeable,
                       .approvals = seen.approvals,
                       .at = seen.at};
  if (facts.merged) facts.closed = true;
  if (facts.merge_sha.empty()) facts.merge_sha = request.status.merge_sha;
  if (!seen.complete && same_commit) {
    if (!facts.mergeable) facts.mergeable = request.status.mergeable;
    facts.checks = request.status.checks;
    facts.checks_known = request.own.checks_known;
    facts.files = request.own.files;
    facts.targets = request.status.targets;
  }
  // Approvals outlive a commit, unless GitHub dismisses them.
  if (!seen.complete && !facts.approvals) facts.approvals = request.status.approvals;
  const Qualification& rules = request.spec.qualification;
  if (seen.complete || !seen.checks.empty()) {
    facts.checks_known = true;
    for (const std::string& check : rules.required_checks) {
      const auto found = seen.checks.find(check);
      if (found != seen.checks.end()) facts.checks[check] = found->second;
    }
  }
  if (seen.complete || !seen.files.empty()) {
    facts.files = JudgeFiles(seen.files, seen.files_truncated, rules.file_patterns);
    facts.targets = TargetsOf(seen.files, rules.file_patterns);
  }
  return facts;
}

bool Differs(const PullRequest& request, const GitHubObserved& facts) {
  const PullRequestStatus& status = request.status;
  return !request.own.observed || status.labels != facts.labels ||
         status.head_sha != facts.head_sha || status.merge_sha != facts.merge_sha ||
         status.merged != facts.merged || status.closed != facts.closed ||
         status.mergeable != facts.mergeable || status.approvals != facts.approvals ||
         status.checks != facts.checks || status.targets != facts.targets ||
         request.own.checks_known != facts.checks_known || request.own.files != facts.files ||
         request.own.observed_at != facts.at;
}

void AdoptFacts(RequestDraft& draft) {
  const Phase phase = draft->status.phase;
  if (draft->status.merged) {
    if (phase != Phase::kMerged) FollowTo(draft, Phase::kMerged, draft->status.merge_sha);
  } else if (draft->status.closed) {
    if (phase != Phase::kClosed) FollowTo(draft, Phase::kClosed, "");
  } else if (phase == Phase::kClosed) {
    FollowTo(draft, Phase::kDiscovered, "");
  }
}

// Whether the state that a label says does not contradict GitHub's own facts.
bool AgreesWithFacts(const PullRequest& request, Phase phase) {
  if (request.status.merged) return phase == Phase::kMerged;
  if (request.status.closed) return phase == Phase::kClosed;
  return phase != Phase::kMerged && phase != Phase::kClosed;
}

// Of several labels the most advanced one that the workflow can go to from where it is.
void AdoptConflict(RequestDraft& draft, const Labels& ours, std::string_view prefix) {
  const Phase from = draft->status.phase;
  Phase winner = from;
  bool found = false;
  for (const std::string& label : ours) {
    const Phase phase = *PhaseOfLabel(label, prefix);
    const bool legal = phase == from || IsLegal(from, phase);
    if (!legal || !AgreesWithFacts(draft.state(), phase)) continue;
    if (!found || phase > winner) winner = phase;
    found = true;
  }
  draft.Emit(LabelConflictFound{.labels = ours, .kept = LabelOf(winner, prefix)});
  if (winner != from) FollowTo(draft, winner, "");
}

void AdoptLabels(RequestDraft& draft, const Labels& ours, std::string_view prefix) {
  if (ours.size() > 1) return AdoptConflict(draft, ours, prefix);
  if (ours.empty()) return;
  const Phase said = *PhaseOfLabel(ours.front(), prefix);
  if (said != draft->status.phase && AgreesWithFacts(draft.state(), said)) {
    FollowTo(draft, said, "");
  }
}

// Somebody moved our labels, and what follows from the rest is something else: changed again, but
// not for ever.
void Contest(RequestDraft& draft, const Labels& ours, std::string_view prefix) {
  const std::string wanted = LabelOf(draft->status.phase, prefix);
  if (ours.size() == 1 && SameLabel(ours.front(), wanted)) return;
  if (draft->own.held_until.IsSet()) return;
  const Time hour_ago = draft.now() - Duration::Hours(1);
  Time oldest;
  size_t recent = 0;
  for (const CorrectionTime& correction : draft->own.corrections) {
    if (correction.at <= hour_ago) continue;
    if (recent++ == 0) oldest = correction.at;
  }
  if (recent >= kCorrectionsPerHour) {
    draft.Emit(LabelContested{.held_until = oldest + Duration::Hours(1)});
    return;
  }
  if (ours.empty()) draft.Emit(LabelRecovered{.label = wanted});
  draft.Emit(LabelContested{});
}

void RecordConsistency(RequestDraft& draft, Phase before) {
  ConsistencyResult result{.consistent = true, .time = draft.now()};
  if (draft->status.phase != before) {
    result.corrections.push_back(
        fmt::format("state {} -> {}", ToString(before), ToString(draft->status.phase)));
  }
  if (const std::optional<LabelChange>& change = draft->own.label_change) {
    const Labels& labels = draft->status.labels;
    const char* held = draft->own.held_until.IsSet() ? "not " : "";
    if (!HasLabel(labels, change->to)) {
      result.corrections.push_back(fmt::format("label {} {}added", change->to, held));
    }
    for (const std::string& label : change->from) {
      if (SameLabel(label, change->to) || !HasLabel(labels, label)) continue;
      result.corrections.push_back(fmt::format("label {} {}removed", label, held));
    }
  }
  result.consistent = result.corrections.empty();
  draft.Emit(ConsistencyRecorded{.result = std::move(result)});
}

// What a change of ours came to that is seen here before whoever did it reports it, which then says
// nothing new; whether there was any.
bool CountSeen(const PullRequest& request, const Labels& ours, SyncResult& result) {
  const std::optional<LabelChange>& change = request.own.label_change;
  if (!change || request.own.held_until.IsSet() || !HasLabel(ours, change->to)) return false;
  const Labels& before = request.status.labels;
  bool counted = false;
  if (!HasLabel(before, change->to)) {
    result.labels_added.push_back(change->to);
    counted = true;
  }
  for (const std::string& label : change->from) {
    const bool went = HasLabel(before, label) && !HasLabel(ours, label);
    if (!went || SameLabel(label, change->to)) continue;
    result.labels_removed.push_back(label);
    counted = true;
  }
  return counted;
}

// From before a label change that was reported since: what it says of labels is past.
bool IsOvertaken(const PullRequest& request, const ObserveGitHub& seen, const Labels& ours,
                 std::string_view prefix) {
  return seen.request == 0 && seen.at < request.own.labels_at &&
         !SameLabels(ours, StateLabels(request.status.labels, prefix));
}

}  // namespace

DecideResult Decide(const PullRequest& request, const ObserveGitHub& seen,
                    const DecideContext& context) {
  FieldErrors errors;
  Validate(seen, context.time, errors);
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  if (IsAnothers(request, seen) || seen.at < request.own.observed_at) return Ignore();
  const std::string prefix = delivery::LabelPrefix(context.Settings());
  const Labels ours = StateLabels(seen.labels, prefix);
  RequestDraft draft(request, context);
  if (IsOvertaken(request, seen, ours, prefix)) {
    if (draft->own.fetch != 0) return Ignore();
    AskFetch(draft, false);
    PullRequestMachine::Settle(draft);
    return draft.Take();
  }
  const bool our_doing = IsOurDoing(request, ours, prefix);
  const bool first = !request.own.observed;
  const bool answers = seen.request != 0 && seen.request == request.own.fetch;
  const bool for_consistency = answers && request.own.consistency_fetch != 0 &&
                               seen.request >= request.own.consistency_fetch;
  const Phase before = request.status.phase;

  GitHubObserved facts = Merge(request, seen);
  if (Differs(request, facts)) draft.Emit(std::move(facts));
  SeeLease(draft, seen.lease_term);
  if (answers) draft.Emit(FetchAnswered{.number = seen.request});
  if (!draft.HasChanges()) return NoChange();
  AdoptFacts(draft);
  if (!our_doing) AdoptLabels(draft, ours, prefix);
  ApplyRules(draft);
  if (!our_doing && !first) Contest(draft, ours, prefix);
  PullRequestMachine::Settle(draft);

  // A change that is half seen is still the same sync.
  const std::optional<LabelChange>& former = request.own.label_change;
  const std::optional<LabelChange>& change = draft->own.label_change;
  const bool begins =
      answers || draft->status.phase != before || (change && (!former || change->to != former->to));
  SyncResult result = begins ? SyncResult{.initial_state = std::string(ToString(before))}
                             : draft->status.last_sync.value_or(SyncResult{});
  const bool counted = CountSeen(request, ours, result);
  if (begins || counted) RecordSync(draft, std::move(result));
  if (for_consistency) RecordConsistency(draft, before);
  return draft.Take();
}

}  // namespace sluice
