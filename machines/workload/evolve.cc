#include "machines/workload/children.h"

namespace sluice {
namespace {

void Enter(Workload& state, WorkloadPhase phase, const EventContext& context) {
  state.status.phase = phase;
  state.own.phase_since = context.time;
}

}  // namespace

void Evolve(Workload& state, const WorkloadCreated&, const EventContext& context) {
  state.own.phase_since = context.time;
  workload::RebuildRows(state);
}

void Evolve(Workload& state, const WorkloadSpecChanged&) {
  state.own.placed = false;
  state.own.retry = {};
  workload::RebuildRows(state);
}

// The shared Evolve has set phase and time.
void Evolve(Workload& state, const DeletionRequested&, const EventContext& context) {
  state.own.phase_since = context.time;
}

void Evolve(Workload& state, const WorkloadNetworkSeen& event) {
  for (WorkloadNetwork& network : state.own.networks) {
    if (network.name != event.network.name) continue;
    network = event.network;
    return;
  }
  state.own.networks.push_back(event.network);
}

void Evolve(Workload& state, const WorkloadLocationsKnown& event) {
  const LocationsKnown& before = state.own.known;
  if (before.cities != event.known.cities || before.locations != event.known.locations ||
      before.answered_generation != event.known.answered_generation) {
    state.own.placed = false;
  }
  state.own.known = event.known;
  state.own.observes_locations = event.observes;
}

void Evolve(Workload& state, const WorkloadDeploymentChanged& event) {
  workload::Put(state, event.deployment);
}

void Evolve(Workload& state, const WorkloadDeploymentGone& event) {
  workload::Erase(state, workload::KeyOf(event.placement, event.place));
  state.own.placed = false;
}

void Evolve(Workload& state, const WorkloadPlaced& event) { state.own.placed = event.placed; }

void Evolve(Workload& state, const WorkloadContinuation& event) {
  state.own.continuing = event.under_way;
}

void Evolve(Workload& state, const WorkloadRetryChanged& event) { state.own.retry = event.retry; }

void Evolve(Workload& state, const PlacementChanged& event) {
  for (PlacementStatus& row : state.status.placements) {
    if (row.name != event.placement) continue;
    row.conditions = event.conditions;
    row.unmatched = event.unmatched;
  }
}

void Evolve(Workload& state, const WorkloadBecameAvailable&, const EventContext& context) {
  Enter(state, WorkloadPhase::kAvailable, context);
}

void Evolve(Workload& state, const WorkloadBecameUnavailable&, const EventContext& context) {
  Enter(state, WorkloadPhase::kProvisioning, context);
}

}  // namespace sluice
