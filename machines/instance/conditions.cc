#include "machines/instance/conditions.h"

#include "machines/instance/rules.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {
namespace {

using instance::Current;
using Phase = InstancePhase;
using InstanceDraft = Draft<InstanceMachine>;

std::string Or(const std::string& text, std::string_view otherwise) {
  return text.empty() ? std::string(otherwise) : text;
}

bool WasDecided(const Instance& instance, std::string_view type) {
  const Condition* condition = FindCondition(instance.status.conditions, type);
  return condition && !IsPendingDefault(*condition);
}

void SettleProgrammed(InstanceDraft& draft) {
  if (const ProviderReport* report = Current(draft.state(), draft->own.programmed)) {
    const bool done = report->status == ConditionStatus::kTrue;
    draft.SetCondition("Programmed", report->status,
                       Or(report->reason, done ? "Programmed" : "PendingProgramming"),
                       report->message);
  } else if (WasDecided(draft.state(), "Programmed")) {
    draft.SetCondition("Programmed", ConditionStatus::kFalse, "ProgrammingInProgress",
                       fmt::format("programming generation {}", draft->metadata->generation));
  }
}

void SettleRunning(InstanceDraft& draft) {
  const auto no = [&](const std::string& reason, std::string_view message) {
    draft.SetCondition("Running", ConditionStatus::kFalse, reason, message);
  };
  const InstanceOwn& own = draft->own;
  if (instance::IsStopped(draft.state())) {
    return no(Or(own.stopped->reason, "Stopped"), Or(own.stopped->message, "Instance is stopped"));
  }
  if (own.stop_wanted || instance::HasFailed(draft.state())) {
    return instance::MayBeHeld(draft.state()) ? no("Stopping", "Instance is stopping")
                                              : no("Stopped", "Instance is stopped");
  }
  const ProviderReport* report = Current(draft.state(), own.running);
  if (own.restart_wanted || (own.start_wanted && !report)) {
    return no("Starting", "Instance is starting");
  }
  if (report) {
    const bool runs = report->status == ConditionStatus::kTrue;
    draft.SetCondition("Running", report->status, Or(report->reason, runs ? "Running" : "Pending"),
                       report->message);
  } else if (WasDecided(draft.state(), "Running")) {
    no("Pending", "Instance is not running");
  }
}

// Of the condition it is derived from, unless nothing was decided there yet.
void NotReadyFor(InstanceDraft& draft, std::string_view type, const char* reason,
                 const char* message) {
  const Condition* condition = FindCondition(draft->status.conditions, type);
  if (condition && !IsPendingDefault(*condition)) {
    return draft.SetCondition("Ready", ConditionStatus::kFalse, std::string(condition->reason),
                              std::string(condition->message));
  }
  draft.SetCondition("Ready", ConditionStatus::kFalse, reason, message);
}

void SettleReady(InstanceDraft& draft) {
  const auto no = [&](const std::string& reason, const std::string& message) {
    draft.SetCondition("Ready", ConditionStatus::kFalse, reason, message);
  };
  const Instance& state = draft.state();
  if (instance::HasFailed(state)) return no(state.own.failure_reason, state.own.failure_message);
  if (state.status.phase == Phase::kExpired) {
    return no("Expired", "its lifetime ended: " + state.status.expiry_reason);
  }
  if (!state.spec->controller.scheduling_gates.empty()) {
    if (const auto failure = FailureOf(state.own.attachments)) {
      return no(failure->reason, failure->message);
    }
    if (!state.own.network->reason.empty() && instance::HasGate(state, kNetworkGate)) {
      return no(state.own.network->reason, state.own.network->message);
    }
    return no("SchedulingGatesPresent", "Scheduling gates present: " + instance::GateNames(state));
  }
  if (!IsTrue(state.status.conditions, "Programmed")) {
    return NotReadyFor(draft, "Programmed", "PendingProgramming",
                       "Instance has not been programmed");
  }
  if (!IsTrue(state.status.conditions, "Running")) {
    return NotReadyFor(draft, "Running", "Pending", "Instance is not running");
  }
  if (!instance::ProbeSucceeded(state)) {
    const ProviderReport* probe = Current(state, state.own.readiness);
    return no("ReadinessProbeFailed", probe ? Or(probe->message, "Instance is not ready")
                                            : "Instance has not been reported ready");
  }
  draft.SetCondition("Ready", ConditionStatus::kTrue, "Running", "Instance is ready");
}

}  // namespace

void SettleConditions(Draft<InstanceMachine>& draft) {
  SettleProgrammed(draft);
  SettleRunning(draft);
  SettleReady(draft);
}

}  // namespace sluice
