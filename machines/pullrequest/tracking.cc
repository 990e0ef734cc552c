// One pull request, one tracker, whatever its namespace: two with rules of their own would move its
// labels to and fro. The claim is a registry's, as a binding's key is.
#include "events/sha256.h"
#include "machines/common/stuck.h"
#include "machines/pullrequest/workflow.h"

namespace sluice {
namespace pullrequest {
namespace {

EntityKey TrackingRegistry(const std::string& claim) {
  return {"registry", "sluice-system", "pullrequest-" + Sha256Hex(claim).substr(0, 32)};
}

std::string ClaimOf(const PullRequest& request) {
  return PullRequestIndexValue(request.spec.repository, request.spec.number);
}

std::string HolderText(const PullRequest& request) {
  return fmt::format("{}#{} is tracked by {}", request.spec.repository, request.spec.number,
                     request.own.claim_holder);
}

void ShowRefused(RequestDraft& draft) {
  draft.SetCondition("Synced", ConditionStatus::kFalse, "AlreadyTracked",
                     HolderText(draft.state()));
  for (const char* timer : {kRetryTimer, kHoldTimer, kPollTimer}) draft.Disarm(timer);
  SettleStuck(draft, "", {});
}

}  // namespace

bool IsTrackedElsewhere(const PullRequest& request) {
  return request.own.claim == TrackingClaim::kRefused;
}

bool MayChange(const PullRequest& request) {
  return request.own.claim == TrackingClaim::kGranted ||
         request.own.claim == TrackingClaim::kUnclaimed;
}

Rejection TrackedElsewhere(const PullRequest& request) {
  return Rejection::FailedPrecondition(
      "spec.repository", HolderText(request) + "; delete one of the two, that one goes on");
}

bool SettleTracking(RequestDraft& draft) {
  if (draft->own.claim == TrackingClaim::kUnclaimed && draft.MayWrite<TrackingAsked>()) {
    const std::string claim = ClaimOf(draft.state());
    draft.Send(TrackingRegistry(claim), ClaimKey{.key = claim, .uid = draft->metadata.uid});
    draft.Emit(TrackingAsked{});
  }
  if (!IsTrackedElsewhere(draft.state())) return true;
  ShowRefused(draft);
  return false;
}

void ReleaseTracking(RequestDraft& draft) {
  if (draft->own.claim == TrackingClaim::kUnclaimed) return;
  const std::string claim = ClaimOf(draft.state());
  draft.Send(TrackingRegistry(claim), ReleaseKey{.key = claim});
}

}  // namespace pullrequest

using namespace pullrequest;  // NOLINT: the machine's own parts

DecideResult Decide(const PullRequest& request, const ClaimAnswered& answer,
                    const DecideContext& context) {
  const bool is_meant = request.Exists() && !request.IsDeleting() &&
                        answer.uid == request.metadata.uid && answer.key == ClaimOf(request);
  if (!is_meant || request.own.claim == TrackingClaim::kGranted) return Ignore();
  RequestDraft draft(request, context);
  if (answer.granted) {
    const bool was_refused = IsTrackedElsewhere(request);
    draft.Emit(TrackingGranted{});
    if (was_refused) {
      // What was known is as old as the refusal.
      AskFetch(draft, false);
      draft.SetCondition("Synced", ConditionStatus::kUnknown, "Pending", "Waiting for controller");
    }
  } else if (request.own.claim_holder != answer.holder) {
    draft.Emit(TrackingRefused{.holder = answer.holder});
  }
  PullRequestMachine::Settle(draft);
  return draft.Take();
}

}  // namespace sluice
