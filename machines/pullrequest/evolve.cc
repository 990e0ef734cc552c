#include <algorithm>

#include "machines/pullrequest/pullrequest.h"
#include "machines/pullrequest/state_labels.h"

namespace sluice {
namespace {

MonitorRef* FindMonitor(PullRequest& request, const std::string& cluster) {
  for (MonitorRef& monitor : request.own.monitors) {
    if (monitor.cluster == cluster) return &monitor;
  }
  return nullptr;
}

}  // namespace

void Evolve(PullRequest& request, const PullRequestCreated&, const EventContext& context) {
  request.own.phase_since = context.time;
}

// What was seen of the files was seen with the rules before.
void Evolve(PullRequest& request, const PullRequestSpecChanged&) {
  request.own.files = {};
  request.own.checks_known = false;
  request.status.checks.clear();
}

void Evolve(PullRequest& request, const FetchAsked& event, const EventContext& context) {
  request.own.fetch = event.number;
  request.own.last_fetch = event.number;
  request.own.fetch_asked_at = context.time;
  if (event.for_consistency) request.own.consistency_fetch = event.number;
}

void Evolve(PullRequest& request, const FetchAnswered&, const EventContext& context) {
  request.own.fetch = 0;
  request.own.fetched_at = context.time;
  request.own.fetched_sha = request.status.head_sha;
  const bool unknown = !request.status.mergeable && !request.status.closed;
  request.own.mergeable_asks = unknown ? request.own.mergeable_asks + 1 : 0;
  request.status.retry = {};
  request.own.sync_reason.clear();
  request.own.sync_message.clear();
}

void Evolve(PullRequest& request, const GitHubObserved& event) {
  PullRequestStatus& status = request.status;
  status.labels = event.labels;
  status.head_sha = event.head_sha;
  status.merge_sha = event.merge_sha;
  status.merged = event.merged;
  status.closed = event.closed;
  status.mergeable = event.mergeable;
  status.approvals = event.approvals;
  status.checks = event.checks;
  status.targets = event.targets;
  request.own.checks_known = event.checks_known;
  request.own.files = event.files;
  request.own.observed_at = event.at;
  request.own.observed = true;
}

void Evolve(PullRequest&, const StateCorrected&) {}

void Evolve(PullRequest& request, const LabelConflictFound& event) {
  request.own.conflicting = event.labels;
}

void Evolve(PullRequest&, const LabelRecovered&) {}

void Evolve(PullRequest& request, const LabelContested& event, const EventContext& context) {
  const Time hour_ago = context.time - Duration::Hours(1);
  std::erase_if(request.own.corrections,
                [&](const CorrectionTime& correction) { return correction.at <= hour_ago; });
  if (event.held_until.IsSet()) {
    request.own.held_until = event.held_until;
  } else {
    request.own.corrections.push_back({context.time});
  }
}

void Evolve(PullRequest& request, const LabelHoldEnded&) { request.own.held_until = {}; }

void Evolve(PullRequest& request, const LabelChangeDecided& event) {
  request.own.label_change = event.change;
}

void Evolve(PullRequest& request, const LabelChangeSettled&) {
  request.own.label_change.reset();
  request.own.conflicting.clear();
}

void Evolve(PullRequest& request, const LabelReported& event) {
  std::vector<std::string>& labels = request.status.labels;
  if (event.action == LabelAction::kRemoveLabel) {
    std::erase_if(labels, [&](const std::string& label) {
      return pullrequest::SameLabel(label, event.label);
    });
  } else if (!pullrequest::HasLabel(labels, event.label)) {
    labels.push_back(event.label);
  }
  request.own.labels_at = std::max(request.own.labels_at, event.at);
  request.status.retry = {};
  request.own.sync_reason.clear();
  request.own.sync_message.clear();
}

void Evolve(PullRequest& request, const SyncFailed& event) {
  request.status.retry = event.retry;
  request.own.sync_reason = event.reason;
  request.own.sync_message = event.message;
}

void Evolve(PullRequest& request, const SyncRetryDue&) { request.status.retry.next_time = {}; }

void Evolve(PullRequest& request, const SyncRecorded& event) {
  request.status.last_sync = event.result;
}

void Evolve(PullRequest& request, const ConsistencyRecorded& event) {
  request.status.last_consistency = event.result;
  request.own.consistency_fetch = 0;
}

void Evolve(PullRequest& request, const QualificationDecided& event) {
  request.status.qualified_sha = event.sha;
}

void Evolve(PullRequest& request, const MonitorAsked& event) {
  if (MonitorRef* monitor = FindMonitor(request, event.cluster)) {
    monitor->name = event.name;
    monitor->outcome = event.outcome;
    monitor->retry.next_time = {};
    return;
  }
  request.own.monitors.push_back(
      {.cluster = event.cluster, .name = event.name, .outcome = event.outcome});
}

void Evolve(PullRequest& request, const MonitorMade& event) {
  MonitorRef* monitor = FindMonitor(request, event.cluster);
  if (!monitor) return;
  monitor->outcome = 0;
  monitor->uid = event.uid;
  monitor->retry = {};
  request.status.drift_monitors.push_back(monitor->name);
}

void Evolve(PullRequest& request, const MonitorRefused& event) {
  MonitorRef* monitor = FindMonitor(request, event.cluster);
  if (!monitor) return;
  monitor->outcome = 0;
  monitor->retry = event.retry;
  if (event.taken) monitor->name.clear();
}

void Evolve(PullRequest& request, const MonitorSeen& event) {
  if (MonitorRef* monitor = FindMonitor(request, event.cluster)) monitor->phase = event.phase;
}

void Evolve(PullRequest& request, const MonitorDeletionAsked& event) {
  if (MonitorRef* monitor = FindMonitor(request, event.cluster)) monitor->deleting = true;
}

void Evolve(PullRequest& request, const GitHubLeaseSeen& event) {
  request.own.lease_term = event.term;
}

void Evolve(PullRequest& request, const TrackingAsked&) {
  request.own.claim = TrackingClaim::kAsked;
}

void Evolve(PullRequest& request, const TrackingGranted&) {
  request.own.claim = TrackingClaim::kGranted;
  request.own.claim_holder.clear();
}

void Evolve(PullRequest& request, const TrackingRefused& event) {
  request.own.claim = TrackingClaim::kRefused;
  request.own.claim_holder = event.holder;
}

}  // namespace sluice
