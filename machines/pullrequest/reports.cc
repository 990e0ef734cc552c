// What the provider did, and what a user asks for.
#include "machines/common/retry.h"
#include "machines/pullrequest/settings.h"
#include "machines/pullrequest/state_labels.h"
#include "machines/pullrequest/workflow.h"

namespace sluice {
namespace {

using namespace pullrequest;  // NOLINT: the machine's own parts

Decided SettleAndTake(RequestDraft& draft) {
  PullRequestMachine::Settle(draft);
  return draft.Take();
}

void Fail(RequestDraft& draft, const std::string& reason, const std::string& message) {
  draft.Emit(
      SyncFailed{.reason = reason,
                 .message = message,
                 .retry = NextRetry(draft->status.retry, draft.now(), draft.context().Settings())});
}

bool IsOurs(const PullRequest& request, const std::string& label, const DecideContext& context) {
  if (PhaseOfLabel(label, delivery::LabelPrefix(context.Settings()))) return true;
  const std::optional<LabelChange>& change = request.own.label_change;
  return change && (SameLabel(change->to, label) || HasLabel(change->from, label));
}

bool IsPendingLabel(const PullRequest& request, const ReportLabel& report) {
  for (const PendingAction& action : PullRequestMachine::Pending(request)) {
    if (action.verb == ToString(report.action) && SameLabel(action.target, report.label)) {
      return true;
    }
  }
  return false;
}

void AskAgainNow(RequestDraft& draft) {
  if (draft->status.retry.next_time.IsSet()) draft.Emit(SyncRetryDue{});
}

}  // namespace

DecideResult Decide(const PullRequest& request, const ReportLabel& report,
                    const DecideContext& context) {
  FieldErrors errors;
  if (report.label.empty()) errors.Add("payload.label", "is required");
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  const bool older = report.at.IsSet() && report.at < request.own.observed_at;
  if (IsAnothers(request, report) || older || !IsOurs(request, report.label, context)) {
    return Ignore();
  }
  const bool adds = report.action == LabelAction::kAddLabel;
  RequestDraft draft(request, context);
  SeeLease(draft, report.lease_term);
  if (!report.done) {
    if (!IsPendingLabel(request, report)) return Ignore();
    Fail(draft, "LabelFailed", report.message);
    RecordSyncError(
        draft, fmt::format("{} {}: {}", adds ? "add" : "remove", report.label, report.message));
    return SettleAndTake(draft);
  }
  if (HasLabel(request.status.labels, report.label) == adds && !IsPendingLabel(request, report)) {
    return NoChange();
  }
  draft.Emit(LabelReported{.action = report.action, .label = report.label, .at = report.at});
  SyncResult result = draft->status.last_sync.value_or(SyncResult{});
  (adds ? result.labels_added : result.labels_removed).push_back(report.label);
  PullRequestMachine::Settle(draft);
  RecordSync(draft, std::move(result));
  return draft.Take();
}

DecideResult Decide(const PullRequest& request, const ReportMerge& report,
                    const DecideContext& context) {
  const bool asked = request.status.phase == Phase::kMerging &&
                     (report.sha.empty() || report.sha == request.own.merging_sha);
  if (IsAnothers(request, report) || !asked) return Ignore();
  RequestDraft draft(request, context);
  SeeLease(draft, report.lease_term);
  if (report.merged) {
    draft.Emit(PullRequestMerged{.merge_sha = report.merge_sha});
    RecordSync(draft, {.initial_state = std::string(ToString(Phase::kMerging))});
  } else {
    draft.Emit(MergeFailed{.sha = request.own.merging_sha,
                           .reason = report.reason.empty() ? "MergeFailed" : report.reason,
                           .message = report.message});
    AskFetch(draft, false);
    RecordSyncError(draft, "merge: " + report.message);
  }
  return SettleAndTake(draft);
}

DecideResult Decide(const PullRequest& request, const ReportFetchFailed& report,
                    const DecideContext& context) {
  const bool asked = request.own.fetch != 0 && report.request == request.own.fetch;
  if (IsAnothers(request, report) || !asked || request.status.retry.next_time.IsSet()) {
    return Ignore();
  }
  RequestDraft draft(request, context);
  SeeLease(draft, report.lease_term);
  Fail(draft, report.reason.empty() ? "FetchFailed" : report.reason, report.message);
  RecordSyncError(draft, "read: " + report.message);
  return SettleAndTake(draft);
}

DecideResult Decide(const PullRequest& request, const EnsureConsistency&,
                    const DecideContext& context) {
  if (request.IsDeleting()) {
    return Reject(Rejection::Deleting(context.self.ToString() + " is being deleted"));
  }
  if (IsTrackedElsewhere(request)) return Reject(TrackedElsewhere(request));
  RequestDraft draft(request, context);
  AskAgainNow(draft);
  AskFetch(draft, true);
  draft.Reply(ConsistencyAsked{.request = draft->own.fetch});
  return SettleAndTake(draft);
}

DecideResult Decide(const PullRequest& request, const RefreshPullRequest&,
                    const DecideContext& context) {
  if (request.IsDeleting() || IsTrackedElsewhere(request)) return Ignore();
  RequestDraft draft(request, context);
  AskFetch(draft, false);
  return SettleAndTake(draft);
}

DecideResult Decide(const PullRequest& request, const RetryPullRequest&,
                    const DecideContext& context) {
  if (IsTrackedElsewhere(request)) return Reject(TrackedElsewhere(request));
  if (request.status.phase != Phase::kFailed) {
    return Reject(Rejection::InvalidTransition(
        "status.phase", fmt::format("is {}; Retry is for Failed", ToString(request.status.phase))));
  }
  RequestDraft draft(request, context);
  AskAgainNow(draft);
  draft.Emit(PullRequestRetried{.sha = request.status.head_sha});
  AskFetch(draft, false);
  return SettleAndTake(draft);
}

}  // namespace sluice
