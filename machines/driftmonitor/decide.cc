#include "events/location.gen.h"
#include "machines/common/names.h"
#include "machines/common/stuck.h"
#include "machines/driftmonitor/driftmonitor.h"
#include "machines/pullrequest/settings.h"

namespace sluice {
namespace {

using Phase = DriftMonitorPhase;
using MonitorDraft = Draft<DriftMonitorMachine>;

constexpr const char* kDeadlineTimer = "deadline";
constexpr std::string_view kHealthy = "Healthy";
constexpr size_t kDifferencesKept = 100;
constexpr size_t kValueBytesMax = 1024;

EntityKey LeaseKey() { return {"location", "sluice-system", std::string(kDriftLocation)}; }

bool IsHealthy(const DriftMonitor& monitor) {
  return monitor.status.health.empty() || monitor.status.health == kHealthy;
}

bool AsWanted(const DriftMonitor& monitor) {
  return monitor.status.observed_revision == monitor.spec.revision &&
         monitor.status.difference_count == 0;
}

bool WasReported(const DriftMonitor& monitor) { return !monitor.status.observed_revision.empty(); }

std::string Short(std::string text) {
  if (text.size() > kValueBytesMax) text = text.substr(0, kValueBytesMax) + "...";
  return text;
}

// "spec.replicas: want 3, got 5 (and 2 more)"
std::string WhatDiffers(const DriftMonitor& monitor) {
  const DriftMonitorStatus& status = monitor.status;
  std::string message;
  if (status.observed_revision != monitor.spec.revision) {
    message =
        fmt::format("revision is {}, not {}", status.observed_revision, monitor.spec.revision);
  }
  if (status.differences.empty()) return message;
  const DriftDifference& first = status.differences.front();
  message += fmt::format("{}{}: want {}, got {}", message.empty() ? "" : "; ", first.path,
                         first.want.empty() ? "nothing" : first.want.substr(0, 80),
                         first.got.empty() ? "nothing" : first.got.substr(0, 80));
  if (status.difference_count > 1) {
    message += fmt::format(" (and {} more)", status.difference_count - 1);
  }
  return message;
}

void SettlePhase(MonitorDraft& draft) {
  const Phase phase = draft->status.phase;
  if (AsWanted(draft.state()) && (draft->own.synced_once || IsHealthy(draft.state()))) {
    if (phase != Phase::kSynced) {
      draft.Emit(ClusterSynced{.revision = draft->status.observed_revision});
    }
  } else if (!draft->own.synced_once) {
    if (phase != Phase::kProgressing) draft.Emit(RolloutObserved{});
  } else if (phase != Phase::kDrifted) {
    draft.Emit(DriftFound{.message = WhatDiffers(draft.state()),
                          .resumed = phase == Phase::kUnknown && draft->own.was_drifted});
  }
}

void SettleConditions(MonitorDraft& draft) {
  const auto set = [&](std::string_view type, bool holds, std::string_view reason,
                       std::string_view message) {
    draft.SetCondition(type, holds ? ConditionStatus::kTrue : ConditionStatus::kFalse, reason,
                       message);
  };
  switch (draft->status.phase) {
    case Phase::kProgressing:
      set("Synced", false, "Progressing", WhatDiffers(draft.state()));
      break;
    case Phase::kSynced:
      set("Synced", true, "Synced", "at " + draft->spec.revision);
      break;
    case Phase::kDrifted:
      set("Synced", false, "Drifted", WhatDiffers(draft.state()));
      break;
    case Phase::kUnknown: {
      const std::string message =
          fmt::format("no report within {}", FormatDuration(*draft->spec.deadline));
      draft.SetCondition("Synced", ConditionStatus::kUnknown, "NoReport", message);
      draft.SetCondition("Healthy", ConditionStatus::kUnknown, "NoReport", message);
      return;
    }
    case Phase::kAbsent:
    case Phase::kPending:
    case Phase::kDeleting:
    case Phase::kDeleted:
      return;
  }
  const bool healthy = IsHealthy(draft.state());
  set("Healthy", healthy, healthy ? kHealthy : std::string_view(draft->status.health), "");
}

void ArmDeadline(MonitorDraft& draft) {
  const Duration deadline = draft->spec.deadline.value_or(Duration{});
  if (deadline == Duration{}) return draft.Disarm(kDeadlineTimer);
  draft.Arm(kDeadlineTimer, draft.now() + deadline);
}

}  // namespace

DecideResult Decide(const DriftMonitor& monitor, const ReportDrift& report,
                    const DecideContext& context) {
  FieldErrors errors;
  if (report.observed_revision.empty()) errors.Add("payload.observedRevision", "is required");
  for (size_t i = 0; i < report.differences.size(); ++i) {
    const DriftDifference& difference = report.differences[i];
    const std::string at = fmt::format("payload.differences[{}]", i);
    if (difference.path.empty()) errors.Add(at + ".path", "is required");
    if (difference.want == difference.got) {
      errors.Add(at, "differs in nothing: want and got are the same");
    }
  }
  if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kInvalidArgument));
  const bool another_uid = !report.uid.empty() && report.uid != monitor.metadata.uid;
  const bool older_lease = report.lease_term != 0 && report.lease_term < monitor.own.lease_term;
  if (another_uid || older_lease || monitor.IsDeleting()) return Ignore();

  DriftReported kept{.observed_revision = report.observed_revision,
                     .health = report.health,
                     .difference_count = static_cast<int32_t>(report.differences.size())};
  for (const DriftDifference& difference : report.differences) {
    if (kept.differences.size() == kDifferencesKept) break;
    kept.differences.push_back(
        {Short(difference.path), Short(difference.want), Short(difference.got)});
  }
  MonitorDraft draft(monitor, context);
  const DriftMonitorStatus& status = draft->status;
  if (status.observed_revision != kept.observed_revision || status.health != kept.health ||
      status.differences != kept.differences || status.difference_count != kept.difference_count) {
    draft.Emit(std::move(kept));
  }
  if (report.lease_term > draft->own.lease_term) {
    draft.Emit(DriftLeaseSeen{.term = report.lease_term});
  }
  ArmDeadline(draft);
  SettlePhase(draft);
  DriftMonitorMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const DriftMonitor& monitor, const Observed& seen,
                    const DecideContext& context) {
  const auto* location = seen.detail.As<LocationDetail>();
  if (seen.subject != LeaseKey().ToString() || !location ||
      location->lease_term <= monitor.own.lease_term) {
    return NoChange();
  }
  MonitorDraft draft(monitor, context);
  draft.Emit(DriftLeaseSeen{.term = location->lease_term});
  return draft.Take();
}

void DriftMonitorMachine::Default(DriftMonitorSpec& spec, const DecideContext& context) {
  if (!spec.interval) spec.interval = delivery::DriftInterval(context.Settings());
  if (spec.deadline) return;
  spec.deadline = delivery::DriftDeadline(context.Settings());
  const bool none = *spec.deadline == Duration{};
  if (!none) spec.deadline = std::max(*spec.deadline, *spec.interval * 2);
}

void DriftMonitorMachine::Validate(const DriftMonitorSpec& spec, FieldErrors& errors) {
  if (const auto fault = DnsLabelFault(spec.pull_request)) errors.Add("spec.pullRequest", *fault);
  if (const auto fault = DnsLabelFault(spec.cluster)) errors.Add("spec.cluster", *fault);
  if (spec.revision.empty()) errors.Add("spec.revision", "is required");
  if (spec.interval && *spec.interval <= Duration{}) errors.Add("spec.interval", "is not above 0");
  if (spec.deadline && *spec.deadline < Duration{}) errors.Add("spec.deadline", "is negative");
  if (spec.interval && spec.deadline && *spec.deadline != Duration{} &&
      *spec.deadline <= *spec.interval) {
    errors.Add("spec.deadline", "is not above spec.interval: every report would come too late");
  }
}

void DriftMonitorMachine::CheckImmutable(const DriftMonitorSpec& before,
                                         const DriftMonitorSpec& after, FieldErrors& errors) {
  if (before.pull_request != after.pull_request) {
    errors.Add("spec.pullRequest", "cannot change from " + before.pull_request);
  }
  if (before.cluster != after.cluster) {
    errors.Add("spec.cluster", "cannot change from " + before.cluster);
  }
}

void DriftMonitorMachine::Settle(Draft<DriftMonitorMachine>& draft) {
  if (draft->IsDeleting()) {
    draft.Send(LeaseKey(), Unobserve{.observer = draft.context().self.ToString()});
    draft.Emit(EntityDeleted{});
    return;
  }
  if (draft->status.observed_generation == 0) {
    draft.Send(LeaseKey(), Observe{.observer = draft.context().self.ToString()});
  }
  if (draft->status.observed_generation != draft->metadata.generation) {
    draft.Emit(ObservedGenerationChanged{.generation = draft->metadata.generation});
    if (draft->status.phase != Phase::kUnknown) ArmDeadline(draft);
    if (WasReported(draft.state()) && draft->status.phase != Phase::kUnknown) SettlePhase(draft);
  }
  const bool due =
      draft->spec.deadline.value_or(Duration{}) != Duration{} && !draft.IsArmed(kDeadlineTimer);
  if (due && draft->status.phase != Phase::kUnknown) draft.Emit(ReportsMissed{});
  SettleConditions(draft);
  const bool rolls = draft->status.phase == Phase::kProgressing;
  SettleStuck(draft, rolls ? "the cluster to have " + draft->spec.revision : "",
              draft->own.phase_since);
}

std::vector<PendingAction> DriftMonitorMachine::Pending(const State& state) {
  if (!state.Exists() || state.IsDeleting()) return {};
  const EntityKey self{std::string(kName), state.metadata.namespace_, state.metadata.name};
  return {{.verb = "WatchDrift",
           .target = self.ToString(),
           .location = std::string(kDriftLocation),
           .uid = state.metadata.uid,
           .generation = state.metadata.generation,
           .attempt = 0}};
}

AnyTable DriftMonitorMachine::Detail(const State& state) {
  return AnyTable::Of(DriftMonitorDetail{.cluster = state.spec.cluster,
                                         .observed_revision = state.status.observed_revision,
                                         .drift_count = state.status.drift_count});
}

std::vector<Column> DriftMonitorMachine::Columns() {
  return {{.name = "PHASE", .path = "status.phase"},
          {.name = "CLUSTER", .path = "spec.cluster"},
          {.name = "REVISION", .path = "spec.revision"},
          {.name = "OBSERVED", .path = "status.observedRevision"},
          {.name = "DRIFTS", .path = "status.driftCount"},
          {.name = "HEALTH", .path = "status.health", .wide = true},
          {.name = "MESSAGE", .path = "status.conditions[type=Synced].message", .wide = true}};
}

const KindInfo& DriftMonitorKind() {
  static const KindInfo kind = DefineKind<DriftMonitorMachine>();
  return kind;
}

}  // namespace sluice
