// What a provider says of an instance. Out of date is ignored; the rest is kept, in any order.
#include "machines/common/retry.h"
#include "machines/instance/rules.h"

namespace sluice {
namespace {

using InstanceDraft = Draft<InstanceMachine>;

// Of another incarnation, or from a provider whose lease has passed on.
template <class Report>
bool IsAnothers(const Instance& instance, const Report& report) {
  if (!report.uid.empty() && report.uid != instance.metadata->uid) return true;
  return report.lease_term != 0 && report.lease_term < instance.own.lease.term;
}

template <class Report>
bool IsOutOfDate(const Instance& instance, const Report& report) {
  const bool other_generation =
      report.generation != 0 && report.generation != instance.metadata->generation;
  return other_generation || instance.IsDeleting() || IsAnothers(instance, report);
}

template <class Report>
ProviderReport Kept(const Instance& instance, const Report& report) {
  return {.status = report.status,
          .reason = report.reason,
          .message = report.message,
          .generation = instance.metadata->generation,
          .term = report.lease_term};
}

template <class Report>
RunFacts FactsOf(const Report& report) {
  return {.pid = report.pid,
          .exit_code = report.exit_code,
          .signal = report.signal,
          .restarts = report.restarts};
}

// What every report may tell besides its own subject.
template <class Report>
void KeepCommonFacts(InstanceDraft& draft, const Report& report) {
  if (!report.network_interfaces.empty() && !(report.network_interfaces == draft->own.interfaces)) {
    draft.Emit(InterfacesReported{.interfaces = report.network_interfaces});
  }
}

Decided SettleAndTake(InstanceDraft& draft) {
  if (draft.HasChanges()) InstanceMachine::Settle(draft);
  return draft.Take();
}

// A provider that works on it has not failed.
bool IsFailure(const InstanceReportProgrammed& report) {
  return report.status == ConditionStatus::kFalse && report.reason != "ProgrammingInProgress" &&
         report.reason != "PendingProgramming" && report.reason != "Pending";
}

bool SameRun(const Instance& instance, const RunFacts& run) {
  const InstanceStatus& status = instance.status;
  const bool same_exit = (!run.exit_code && !run.signal) ||
                         (status.exit_code == run.exit_code && status.signal == run.signal);
  return status.pid == run.pid && status.restarts == run.restarts && same_exit;
}

// While it is deleted: a report by hand, without a lease, can say that it is gone as well. A
// provider with a lease says ReportDeleted, and until then has something of it.
template <class Report>
DecideResult EndWhileDeleting(const Instance& instance, const Report& report,
                              const DecideContext& context) {
  if (IsAnothers(instance, report) || report.lease_term != 0 ||
      report.status != ConditionStatus::kTrue || instance.own.gone) {
    return Ignore();
  }
  InstanceDraft draft(instance, context);
  draft.Emit(RemovalReported{.report = Kept(instance, report)});
  return SettleAndTake(draft);
}

}  // namespace

DecideResult Decide(const Instance& instance, const InstanceReportProgrammed& report,
                    const DecideContext& context) {
  if (IsOutOfDate(instance, report)) return Ignore();
  InstanceDraft draft(instance, context);
  KeepCommonFacts(draft, report);
  ProviderReport kept = Kept(instance, report);
  if (instance.own.programmed != kept) draft.Emit(ProgrammedReported{.report = std::move(kept)});
  // The same failure again is the next attempt's.
  if (IsFailure(report) && !draft->status.retry.next_time.IsSet()) {
    draft.Emit(
        RetryChanged{.retry = NextRetry(draft->status.retry, context.time, context.Settings())});
  }
  return SettleAndTake(draft);
}

DecideResult Decide(const Instance& instance, const InstanceReportRunning& report,
                    const DecideContext& context) {
  if (IsOutOfDate(instance, report)) return Ignore();
  const bool runs = report.status == ConditionStatus::kTrue;
  // Said of the run that is to be replaced.
  if (runs && instance.own.restart_wanted && report.pid != 0 &&
      report.pid == instance.own.restart_pid) {
    return Ignore();
  }
  InstanceDraft draft(instance, context);
  KeepCommonFacts(draft, report);
  ProviderReport kept = Kept(instance, report);
  const RunFacts run = FactsOf(report);
  const bool settles = runs && (draft->own.restart_wanted || draft->own.start_wanted ||
                                draft->own.stopped.has_value());
  if (draft->own.running != kept || !SameRun(draft.state(), run) || settles) {
    draft.Emit(RunningReported{.report = std::move(kept), .run = run});
  }
  return SettleAndTake(draft);
}

DecideResult Decide(const Instance& instance, const InstanceReportReadiness& report,
                    const DecideContext& context) {
  if (IsOutOfDate(instance, report)) return Ignore();
  InstanceDraft draft(instance, context);
  KeepCommonFacts(draft, report);
  ProviderReport kept = Kept(instance, report);
  if (instance.own.readiness != kept) draft.Emit(ReadinessReported{.report = std::move(kept)});
  return SettleAndTake(draft);
}

DecideResult Decide(const Instance& instance, const InstanceReportStopped& report,
                    const DecideContext& context) {
  if (instance.IsDeleting()) return EndWhileDeleting(instance, report, context);
  // What was asked to stop has stopped, whichever generation of it ran last.
  const bool asked_for = instance.own.stop_wanted || instance::HasFailed(instance);
  if (IsAnothers(instance, report) || (!asked_for && IsOutOfDate(instance, report))) {
    return Ignore();
  }
  // Another start was asked for: this is the end of the run before it.
  const bool restarts = instance.own.start_wanted || instance.own.restart_wanted;
  if (restarts && !instance::HasFailed(instance)) return Ignore();
  InstanceDraft draft(instance, context);
  KeepCommonFacts(draft, report);
  ProviderReport kept = Kept(instance, report);
  if (instance.own.stopped != kept) {
    draft.Emit(StoppedReported{.report = std::move(kept), .run = FactsOf(report)});
  }
  return SettleAndTake(draft);
}

DecideResult Decide(const Instance& instance, const InstanceReportFailed& report,
                    const DecideContext& context) {
  if (instance.IsDeleting()) return EndWhileDeleting(instance, report, context);
  if (IsOutOfDate(instance, report)) return Ignore();
  if (report.status != ConditionStatus::kTrue) return NoChange();
  InstanceDraft draft(instance, context);
  KeepCommonFacts(draft, report);
  ProviderReport kept = Kept(instance, report);
  if (kept.reason.empty()) kept.reason = "Failed";
  if (instance.own.stopped != kept) {
    draft.Emit(FailureReported{.report = std::move(kept), .run = FactsOf(report)});
  }
  return SettleAndTake(draft);
}

DecideResult Decide(const Instance& instance, const InstanceReportDeleted& report,
                    const DecideContext& context) {
  // Whatever generation of it there was: nothing is left.
  if (IsAnothers(instance, report)) return Ignore();
  if (report.status != ConditionStatus::kTrue || instance.own.gone) return NoChange();
  InstanceDraft draft(instance, context);
  draft.Emit(RemovalReported{.report = Kept(instance, report)});
  return SettleAndTake(draft);
}

}  // namespace sluice
