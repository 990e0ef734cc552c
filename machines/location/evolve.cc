#include "machines/location/location.h"

namespace sluice {
namespace {

template <class Event>
void Grant(Location& location, const Event& event, const EventContext& context) {
  location.status.lease = {.holder = event.holder,
                           .provider = event.provider,
                           .term = event.term,
                           .acquired_at = context.time};
  location.last_term = event.term;
  if (!location.IsDeleting()) location.status.phase = LocationPhase::kReady;
}

}  // namespace

void Evolve(Location& location, const LeaseAcquired& event, const EventContext& context) {
  Grant(location, event, context);
}

void Evolve(Location& location, const LeaseTakenOver& event, const EventContext& context) {
  Grant(location, event, context);
}

void Evolve(Location& location, const LeaseReleased&) {
  location.status.lease = {};
  if (!location.IsDeleting()) location.status.phase = LocationPhase::kPending;
}

void Evolve(Location& location, const LocationHoldersChanged& event) {
  location.status.holders = event.holders;
}

}  // namespace sluice
