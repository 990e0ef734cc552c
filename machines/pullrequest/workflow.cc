#include "machines/pullrequest/workflow.h"

#include <algorithm>

#include "machines/pullrequest/qualification.h"
#include "machines/pullrequest/settings.h"
#include "machines/pullrequest/state_labels.h"

namespace sluice::pullrequest {
namespace {

constexpr size_t kErrorsKept = 10;

void FollowLegally(RequestDraft& draft, Phase to, const std::string& merge_sha) {
  const Phase from = draft->status.phase;
  const std::string sha = draft->status.head_sha;
  switch (to) {
    case Phase::kDiscovered:
      if (from == Phase::kQualified) {
        return draft.Emit(PullRequestDisqualified{.message = "its label was moved at GitHub"});
      }
      if (from == Phase::kClosed) return draft.Emit(PullRequestReopened{});
      return draft.Emit(PullRequestRetried{.sha = sha});
    case Phase::kQualified:
      return draft.Emit(PullRequestQualified{.sha = sha});
    case Phase::kMerging:
      return draft.Emit(MergeStarted{.sha = sha});
    case Phase::kFailed:
      return draft.Emit(MergeFailed{.sha = draft->own.merging_sha,
                                    .reason = "FailedAtGitHub",
                                    .message = "its label was set at GitHub"});
    case Phase::kMerged:
      return draft.Emit(PullRequestMerged{.merge_sha = merge_sha});
    case Phase::kClosed:
      return draft.Emit(PullRequestClosed{});
    case Phase::kAbsent:
    case Phase::kDeleting:
    case Phase::kDeleted:
      break;
  }
  Unreachable();
}

void Jump(RequestDraft& draft, Phase to, const std::string& merge_sha) {
  draft.Emit(StateCorrected{.from = std::string(ToString(draft->status.phase)),
                            .to = std::string(ToString(to))});
  switch (to) {
    case Phase::kDiscovered:
      return draft.Emit(CorrectedToDiscovered{});
    case Phase::kQualified:
      return draft.Emit(CorrectedToQualified{});
    case Phase::kMerging:
      return draft.Emit(CorrectedToMerging{});
    case Phase::kFailed:
      return draft.Emit(CorrectedToFailed{});
    case Phase::kMerged:
      return draft.Emit(CorrectedToMerged{.merge_sha = merge_sha});
    case Phase::kClosed:
    case Phase::kAbsent:
    case Phase::kDeleting:
    case Phase::kDeleted:
      break;
  }
  Unreachable();
}

// A commit came in while another was being merged, or after one could not be.
void FollowHead(RequestDraft& draft) {
  const std::string head = draft->status.head_sha;
  if (draft->status.phase == Phase::kMerging && draft->own.merging_sha != head) {
    draft.Emit(MergeFailed{.sha = draft->own.merging_sha,
                           .reason = "HeadMoved",
                           .message = "commit " + head + " came in before the merge"});
  }
  if (draft->status.phase == Phase::kFailed && draft->own.failed_sha != head) {
    draft.Emit(PullRequestRetried{.sha = head});
  }
}

void AddUnlessThere(std::vector<std::string>& labels, const std::string& label) {
  if (!HasLabel(labels, label)) labels.push_back(label);
}

}  // namespace

EntityKey LeaseKey() { return {"location", "sluice-system", std::string(kGitHubLocation)}; }

void SeeLease(RequestDraft& draft, uint64_t term) {
  if (term > draft->own.lease_term) draft.Emit(GitHubLeaseSeen{.term = term});
}

void AskFetch(RequestDraft& draft, bool for_consistency) {
  draft.Emit(FetchAsked{.number = draft->own.last_fetch + 1, .for_consistency = for_consistency});
}

void FollowTo(RequestDraft& draft, Phase to, const std::string& merge_sha) {
  if (IsLegal(draft->status.phase, to)) {
    FollowLegally(draft, to, merge_sha);
  } else {
    Jump(draft, to, merge_sha);
  }
}

void ApplyRules(RequestDraft& draft) {
  if (draft->status.merged || draft->status.closed) return;
  FollowHead(draft);
  const Judgement judgement = Judge(draft.state());
  const bool pass = judgement.verdict == Judgement::Verdict::kPass;
  const bool fail = judgement.verdict == Judgement::Verdict::kFail;
  const std::string head = draft->status.head_sha;
  const std::string qualified = pass ? head : "";
  if (draft->status.qualified_sha != qualified) draft.Emit(QualificationDecided{.sha = qualified});
  const Phase phase = draft->status.phase;
  if (phase == Phase::kDiscovered && pass) draft.Emit(PullRequestQualified{.sha = head});
  if (phase == Phase::kQualified && fail) {
    draft.Emit(PullRequestDisqualified{.message = judgement.message});
  }
  if (phase == Phase::kMerging && fail && draft->spec.auto_merge) {
    draft.Emit(MergeFailed{.sha = head, .reason = "NotQualified", .message = judgement.message});
  }
}

void SettleLabels(RequestDraft& draft) {
  if (!draft->own.observed) return;
  const std::string prefix = delivery::LabelPrefix(draft.context().Settings());
  const std::vector<std::string> present = StateLabels(draft->status.labels, prefix);
  const std::string wanted = LabelOf(draft->status.phase, prefix);
  const std::optional<LabelChange> current = draft->own.label_change;
  if (present.size() == 1 && SameLabel(present.front(), wanted)) {
    if (current || !draft->own.conflicting.empty()) draft.Emit(LabelChangeSettled{});
    if (draft->own.held_until.IsSet()) draft.Emit(LabelHoldEnded{});
    return;
  }
  LabelChange change{.from = present, .to = wanted};
  if (current) {
    // Also what an earlier part of the change touched: a late word of it is no news.
    for (const std::string& label : current->from) AddUnlessThere(change.from, label);
    if (!SameLabel(current->to, wanted)) AddUnlessThere(change.from, current->to);
    if (SameLabels(change.from, current->from) && change.to == current->to) return;
  }
  draft.Emit(LabelChangeDecided{.change = std::move(change)});
}

std::string StateAtGitHub(const PullRequest& request, std::string_view prefix) {
  if (request.status.merged) return std::string(ToString(Phase::kMerged));
  if (request.status.closed) return std::string(ToString(Phase::kClosed));
  std::optional<Phase> shown;
  for (const std::string& label : request.status.labels) {
    const std::optional<Phase> phase = PhaseOfLabel(label, prefix);
    if (phase && (!shown || *phase > *shown)) shown = phase;
  }
  return shown ? std::string(ToString(*shown)) : "";
}

void RecordSync(RequestDraft& draft, SyncResult result) {
  result.final_state =
      StateAtGitHub(draft.state(), delivery::LabelPrefix(draft.context().Settings()));
  result.sync_time = draft.now();
  if (draft->status.last_sync != result) draft.Emit(SyncRecorded{.result = std::move(result)});
}

void RecordSyncError(RequestDraft& draft, const std::string& error) {
  SyncResult result = draft->status.last_sync.value_or(SyncResult{});
  if (result.initial_state.empty()) {
    result.initial_state = std::string(ToString(draft->status.phase));
  }
  result.errors.push_back(error);
  if (result.errors.size() > kErrorsKept) result.errors.erase(result.errors.begin());
  RecordSync(draft, std::move(result));
}

}  // namespace sluice::pullrequest
