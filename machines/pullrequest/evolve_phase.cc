#include "machines/pullrequest/pullrequest.h"

namespace sluice {
namespace {

using Phase = PullRequestPhase;

void Enter(PullRequest& request, Phase phase, const EventContext& context) {
  request.status.phase = phase;
  request.own.phase_since = context.time;
}

void EnterDiscovered(PullRequest& request, const EventContext& context) {
  Enter(request, Phase::kDiscovered, context);
  request.own.failed_sha.clear();
  request.own.failure_reason.clear();
  request.own.failure_message.clear();
}

void EnterMerged(PullRequest& request, const std::string& merge_sha, const EventContext& context) {
  Enter(request, Phase::kMerged, context);
  request.status.merged = true;
  request.status.closed = true;
  if (!merge_sha.empty()) request.status.merge_sha = merge_sha;
}

}  // namespace

void Evolve(PullRequest& request, const PullRequestQualified&, const EventContext& context) {
  Enter(request, Phase::kQualified, context);
}

void Evolve(PullRequest& request, const PullRequestDisqualified&, const EventContext& context) {
  EnterDiscovered(request, context);
}

void Evolve(PullRequest& request, const MergeStarted& event, const EventContext& context) {
  Enter(request, Phase::kMerging, context);
  request.own.merging_sha = event.sha;
}

void Evolve(PullRequest& request, const PullRequestMerged& event, const EventContext& context) {
  EnterMerged(request, event.merge_sha, context);
}

void Evolve(PullRequest& request, const MergeFailed& event, const EventContext& context) {
  Enter(request, Phase::kFailed, context);
  request.own.failed_sha = event.sha;
  request.own.failure_reason = event.reason;
  request.own.failure_message = event.message;
}

void Evolve(PullRequest& request, const PullRequestRetried&, const EventContext& context) {
  EnterDiscovered(request, context);
}

void Evolve(PullRequest& request, const PullRequestClosed&, const EventContext& context) {
  Enter(request, Phase::kClosed, context);
}

void Evolve(PullRequest& request, const PullRequestReopened&, const EventContext& context) {
  EnterDiscovered(request, context);
}

void Evolve(PullRequest& request, const CorrectedToDiscovered&, const EventContext& context) {
  EnterDiscovered(request, context);
}

void Evolve(PullRequest& request, const CorrectedToQualified&, const EventContext& context) {
  Enter(request, Phase::kQualified, context);
}

void Evolve(PullRequest& request, const CorrectedToMerging&, const EventContext& context) {
  Enter(request, Phase::kMerging, context);
  request.own.merging_sha = request.status.head_sha;
}

void Evolve(PullRequest& request, const CorrectedToFailed&, const EventContext& context) {
  Enter(request, Phase::kFailed, context);
  request.own.failed_sha = request.status.head_sha;
  request.own.failure_reason = "FailedAtGitHub";
  request.own.failure_message = "its label was set at GitHub";
}

void Evolve(PullRequest& request, const CorrectedToMerged& event, const EventContext& context) {
  EnterMerged(request, event.merge_sha, context);
}

}  // namespace sluice
