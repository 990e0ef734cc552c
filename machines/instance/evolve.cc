// What is kept of commands, reports and answers.
#include <algorithm>

#include "machines/instance/rules.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {

using instance::UpdateExpiry;
using instance::UpdateInterfaces;

namespace {

void KeepExit(Instance& instance, const RunFacts& run) {
  if (run.exit_code || run.signal) {
    instance.status.exit_code = run.exit_code;
    instance.status.signal = run.signal;
  }
  instance.status.restarts = run.restarts;
}

// What a run is known by, when it has ended or another one is asked for.
void ForgetRun(Instance& instance) {
  instance.own.running.reset();
  instance.own.readiness.reset();
  instance.own.stopped.reset();
  instance.status.pid = 0;
}

void DropBefore(std::optional<ProviderReport>& report, uint64_t term) {
  if (report && report->term < term) report.reset();
}

}  // namespace

void Evolve(Instance& instance, const InstanceCreated&, const EventContext& context) {
  instance.own.phase_since = context.time;
  UpdateExpiry(instance);
  UpdateInterfaces(instance);
}

void Evolve(Instance& instance, const InstanceSpecChanged&) {
  const auto& server = instance.status.server;
  const bool failure_is_old = server && server->reported.rebuild_failed;
  if (instance.own.backing->failure_is_old != failure_is_old) {
    instance.own.backing.Mutable().failure_is_old = failure_is_old;
  }
  instance.status.retry = {};
  instance.own.restart_wanted = false;
  if (!instance.own.stop_wanted && instance.own.failure_reason.empty()) {
    instance.own.stopped.reset();
  }
  UpdateExpiry(instance);
  UpdateInterfaces(instance);
}

void Evolve(Instance& instance, const GateAdded& event) {
  instance.spec.Mutable().controller.scheduling_gates.push_back({.name = event.name});
}

void Evolve(Instance& instance, const GateCleared& event) {
  std::erase_if(instance.spec.Mutable().controller.scheduling_gates,
                [&](const SchedulingGate& gate) { return gate.name == event.name; });
}

void Evolve(Instance& instance, const ProgrammedReported& event) {
  instance.own.programmed = event.report;
  instance.own.gone = false;
  if (event.report.status == ConditionStatus::kTrue) instance.own.ever_programmed = true;
}

void Evolve(Instance& instance, const RunningReported& event) {
  InstanceOwn& own = instance.own;
  const bool ran = own.running && own.running->status == ConditionStatus::kTrue;
  own.running = event.report;
  own.gone = false;
  instance.status.restarts = event.run.restarts;
  if (event.report.status == ConditionStatus::kTrue) {
    own.start_wanted = false;
    own.restart_wanted = false;
    own.stopped.reset();
    instance.status.pid = event.run.pid;
    return;
  }
  // The next run has to be probed anew.
  if (ran) own.readiness.reset();
  instance.status.pid = 0;
  KeepExit(instance, event.run);
}

void Evolve(Instance& instance, const ReadinessReported& event) {
  instance.own.readiness = event.report;
}

void Evolve(Instance& instance, const StoppedReported& event) {
  if (event.report.status == ConditionStatus::kTrue) {
    ForgetRun(instance);
    KeepExit(instance, event.run);
  }
  instance.own.stopped = event.report;
}

void Evolve(Instance& instance, const FailureReported& event) {
  ForgetRun(instance);
  KeepExit(instance, event.run);
  instance.own.stopped = event.report;
  instance.own.failure_reason = event.report.reason;
  instance.own.failure_message = event.report.message;
}

void Evolve(Instance& instance, const RemovalReported&) {
  ForgetRun(instance);
  instance.own.programmed.reset();
  instance.own.ever_programmed = false;
  if (instance.own.backing->creating) instance.own.backing.Mutable().creating = false;
  instance.own.gone = true;
}

void Evolve(Instance& instance, const InterfacesReported& event) {
  instance.own.interfaces = event.interfaces;
  UpdateInterfaces(instance);
}

void Evolve(Instance& instance, const InstanceLeaseSeen& event) {
  InstanceOwn& own = instance.own;
  const bool passed_on = !own.lease.holder.empty() && own.lease.holder != event.lease.holder;
  own.lease = event.lease;
  if (!passed_on) return;
  // The former holder's host is stopped, and what ran there with it.
  const uint64_t term = event.lease.term;
  const bool had_run = own.running.has_value();
  DropBefore(own.programmed, term);
  DropBefore(own.running, term);
  DropBefore(own.readiness, term);
  own.ever_programmed = own.programmed && own.programmed->status == ConditionStatus::kTrue;
  if (own.running) return;
  instance.status.pid = 0;
  if (own.stop_wanted || !own.failure_reason.empty()) return;
  own.start_wanted = own.start_wanted || (had_run && own.programmed);
}

void Evolve(Instance& instance, const LocationObservationStarted&) {
  instance.own.observes_location = true;
}

void Evolve(Instance& instance, const TemplateRecorded& event) {
  instance.spec.Mutable().controller.template_hash = event.template_hash;
}

void Evolve(Instance& instance, const NetworkTold& event) { instance.own.network = event.network; }

void Evolve(Instance& instance, const InstanceStartAsked&, const EventContext& context) {
  ForgetRun(instance);
  instance.own.stop_wanted = false;
  instance.own.start_wanted = true;
  instance.own.starting_since = context.time;
  ++instance.own.asked;
}

void Evolve(Instance& instance, const InstanceStopAsked&) {
  instance.own.stop_wanted = true;
  instance.own.start_wanted = false;
  instance.own.restart_wanted = false;
  instance.own.starting_since = {};
}

void Evolve(Instance& instance, const InstanceRestartAsked&, const EventContext& context) {
  instance.own.restart_pid = instance.status.pid;
  ForgetRun(instance);
  instance.own.restart_wanted = true;
  instance.own.starting_since = context.time;
  if (instance.own.backing->was_down) instance.own.backing.Mutable().was_down = false;
  ++instance.own.asked;
}

void Evolve(Instance& instance, const InstanceTouched& event) {
  instance.status.last_activity_time = event.at;
  UpdateExpiry(instance);
}

void Evolve(Instance& instance, const RetryChanged& event) { instance.status.retry = event.retry; }

void Evolve(Instance& instance, const AttachmentChanged& event) {
  PutAttachment(instance.own.attachments, event.attachment);
  UpdateInterfaces(instance);
}

}  // namespace sluice
