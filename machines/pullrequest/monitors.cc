// The driftmonitors of a merged pull request: made once per cluster, listened to, and deleted with
// it. And the lease of who serves GitHub.
#include <algorithm>

#include "events/location.gen.h"
#include "machines/common/names.h"
#include "machines/common/observed.h"
#include "machines/common/retry.h"
#include "machines/pullrequest/workflow.h"

namespace sluice {
namespace pullrequest {
namespace {

constexpr const char* kMonitorTimer = "monitors";

const MonitorRef* FindMonitor(const PullRequest& request, const std::string& cluster) {
  for (const MonitorRef& monitor : request.own.monitors) {
    if (monitor.cluster == cluster) return &monitor;
  }
  return nullptr;
}

EntityKey MonitorKey(const EntityKey& self, const std::string& name) {
  return {"driftmonitor", self.namespace_, name};
}

void MakeMonitor(RequestDraft& draft, const std::string& cluster, const std::string& name) {
  const EntityKey& self = draft.context().self;
  const PullRequestStatus& status = draft->status;
  DriftMonitorCreate create{
      .spec = {.pull_request = self.name,
               .cluster = cluster,
               .revision = status.merge_sha.empty() ? status.head_sha : status.merge_sha},
      .owner = OwnerReference{.kind = self.kind,
                              .namespace_ = self.namespace_,
                              .name = self.name,
                              .uid = draft->metadata.uid}};
  const uint64_t outcome = draft.SendForOutcome(MonitorKey(self, name), std::move(create));
  draft.Emit(MonitorAsked{.cluster = cluster, .name = name, .outcome = outcome});
}

}  // namespace

void SettleMonitors(RequestDraft& draft) {
  if (draft->status.phase != Phase::kMerged) return;
  const std::string self = draft.context().self.name;
  Time next;
  const std::vector<std::string> clusters = draft->spec.clusters;
  for (const std::string& cluster : clusters) {
    const MonitorRef* known = FindMonitor(draft.state(), cluster);
    if (!known) {
      MakeMonitor(draft, cluster, DerivedName({self, cluster}));
      continue;
    }
    if (known->outcome != 0 || !known->uid.empty()) continue;
    if (known->retry.next_time > draft.now()) {
      next = next.IsSet() ? std::min(next, known->retry.next_time) : known->retry.next_time;
      continue;
    }
    const std::string name =
        known->name.empty() ? DerivedNameWithHash({self, cluster}) : known->name;
    MakeMonitor(draft, cluster, name);
  }
  draft.Arm(kMonitorTimer, next);
}

bool DeleteMonitors(RequestDraft& draft) {
  bool none_left = true;
  const std::vector<MonitorRef> monitors = draft->own.monitors;
  for (const MonitorRef& monitor : monitors) {
    if (monitor.outcome != 0) {
      none_left = false;  // Whether it exists is known with the answer.
      continue;
    }
    if (monitor.uid.empty() || monitor.phase == "Deleted") continue;
    none_left = false;
    if (monitor.deleting) continue;
    draft.Send(MonitorKey(draft.context().self, monitor.name), Delete{.expected_uid = monitor.uid});
    draft.Emit(MonitorDeletionAsked{.cluster = monitor.cluster});
  }
  return none_left;
}

}  // namespace pullrequest

using pullrequest::RequestDraft;

DecideResult Decide(const PullRequest& request, const Outcome& outcome,
                    const DecideContext& context) {
  const auto asked = std::find_if(
      request.own.monitors.begin(), request.own.monitors.end(), [&](const MonitorRef& monitor) {
        return monitor.outcome != 0 && monitor.outcome == outcome.number;
      });
  if (asked == request.own.monitors.end()) return Ignore();
  RequestDraft draft(request, context);
  if (outcome.accepted) {
    draft.Emit(MonitorMade{.cluster = asked->cluster, .uid = outcome.uid});
  } else {
    // Another's plain name: the one with a hash at once. Anything else later.
    const bool taken = outcome.code == "AlreadyExists";
    const std::vector<std::string> parts{context.self.name, asked->cluster};
    const bool was_plain = asked->name == DerivedName(parts) && taken;
    draft.Emit(MonitorRefused{
        .cluster = asked->cluster,
        .taken = taken,
        .retry =
            was_plain ? asked->retry : NextRetry(asked->retry, context.time, context.Settings())});
  }
  PullRequestMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const PullRequest& request, const Observed& seen,
                    const DecideContext& context) {
  RequestDraft draft(request, context);
  if (seen.subject == pullrequest::LeaseKey().ToString()) {
    if (const auto* location = seen.detail.As<LocationDetail>()) {
      pullrequest::SeeLease(draft, location->lease_term);
    }
    return draft.Take();
  }
  const EntityKey subject = KeyOrDie(seen.subject);
  const auto monitor =
      std::find_if(request.own.monitors.begin(), request.own.monitors.end(),
                   [&](const MonitorRef& ref) { return ref.name == subject.name; });
  if (subject.kind != "driftmonitor" || monitor == request.own.monitors.end()) return Ignore();
  const bool another = !monitor->uid.empty() && !seen.uid.empty() && seen.uid != monitor->uid;
  const std::string phase = IsGone(seen) || another ? "Deleted" : seen.phase;
  // Told before the answer to its creation: the answer says whose it is.
  if (monitor->uid.empty() && monitor->outcome == 0) return Ignore();
  if (monitor->phase == phase) return NoChange();
  draft.Emit(MonitorSeen{.cluster = monitor->cluster, .phase = phase});
  PullRequestMachine::Settle(draft);
  return draft.Take();
}

}  // namespace sluice
