// Steps that several commands of a pull request share.
#pragma once

#include <string>

#include "machines/pullrequest/pullrequest.h"

namespace sluice::pullrequest {

using RequestDraft = Draft<PullRequestMachine>;

EntityKey LeaseKey();

inline constexpr const char* kRetryTimer = "retry";
inline constexpr const char* kHoldTimer = "hold";
inline constexpr const char* kPollTimer = "poll";

// tracking.cc: the claim on the pull request.
// Asks for it; false while another tracks it, which conditions then say.
bool SettleTracking(RequestDraft& draft);
void ReleaseTracking(RequestDraft& draft);
bool IsTrackedElsewhere(const PullRequest& request);
// Nothing is changed at GitHub on behalf of two.
bool MayChange(const PullRequest& request);
Rejection TrackedElsewhere(const PullRequest& request);

// About another incarnation, from a provider whose lease has passed on, too late, or about what
// another tracks.
template <class Report>
bool IsAnothers(const PullRequest& request, const Report& report) {
  if (!report.uid.empty() && report.uid != request.metadata.uid) return true;
  if (report.lease_term != 0 && report.lease_term < request.own.lease_term) return true;
  return request.IsDeleting() || IsTrackedElsewhere(request);
}

void SeeLease(RequestDraft& draft, uint64_t term);

// Another read, also where one is under way: that one may have looked already.
void AskFetch(RequestDraft& draft, bool for_consistency);

// Follows GitHub to another state; a jump that the workflow does not know says so.
void FollowTo(RequestDraft& draft, Phase to, const std::string& merge_sha);

// What the rules make of the facts as they are.
void ApplyRules(RequestDraft& draft);

// Brings the wanted label change up to date with state and labels.
void SettleLabels(RequestDraft& draft);

// The state that GitHub shows, whatever is wanted; empty without a label of ours.
std::string StateAtGitHub(const PullRequest& request, std::string_view prefix);

// status.lastSync with this changed: when, and what GitHub shows now.
void RecordSync(RequestDraft& draft, SyncResult result);
// The same with one more error, of which the last ten are kept.
void RecordSyncError(RequestDraft& draft, const std::string& error);

// monitors.cc
void SettleMonitors(RequestDraft& draft);
// True once none is left.
bool DeleteMonitors(RequestDraft& draft);

}  // namespace sluice::pullrequest
