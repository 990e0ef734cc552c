#include "machines/driftmonitor/driftmonitor.h"

namespace sluice {
namespace {

void Enter(DriftMonitor& monitor, DriftMonitorPhase phase, const EventContext& context) {
  monitor.status.phase = phase;
  monitor.own.phase_since = context.time;
}

}  // namespace

void Evolve(DriftMonitor& monitor, const DriftMonitorCreated&, const EventContext& context) {
  monitor.own.phase_since = context.time;
}

// What is wanted changed: a cluster that is not there yet has not drifted.
void Evolve(DriftMonitor& monitor, const DriftMonitorSpecChanged& event) {
  if (monitor.status.observed_revision == event.spec.revision) return;
  monitor.own.synced_once = false;
  monitor.own.was_drifted = false;
}

void Evolve(DriftMonitor& monitor, const DriftReported& event) {
  monitor.status.observed_revision = event.observed_revision;
  monitor.status.health = event.health;
  monitor.status.differences = event.differences;
  monitor.status.difference_count = event.difference_count;
}

void Evolve(DriftMonitor& monitor, const DriftLeaseSeen& event) {
  monitor.own.lease_term = event.term;
}

void Evolve(DriftMonitor& monitor, const RolloutObserved&, const EventContext& context) {
  Enter(monitor, DriftMonitorPhase::kProgressing, context);
}

void Evolve(DriftMonitor& monitor, const ClusterSynced&, const EventContext& context) {
  Enter(monitor, DriftMonitorPhase::kSynced, context);
  monitor.own.synced_once = true;
  monitor.own.was_drifted = false;
}

void Evolve(DriftMonitor& monitor, const DriftFound& event, const EventContext& context) {
  Enter(monitor, DriftMonitorPhase::kDrifted, context);
  monitor.own.was_drifted = true;
  if (!event.resumed) ++monitor.status.drift_count;
}

void Evolve(DriftMonitor& monitor, const ReportsMissed&, const EventContext& context) {
  Enter(monitor, DriftMonitorPhase::kUnknown, context);
}

}  // namespace sluice
