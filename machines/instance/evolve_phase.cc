// Where an instance is: one event per phase that is entered (transitions.h).
#include "machines/instance/instance.h"

namespace sluice {
namespace {

void Enter(Instance& instance, InstancePhase phase, const EventContext& context) {
  instance.status.phase = phase;
  instance.own.phase_since = context.time;
}

}  // namespace

// The shared Evolve has set phase and time.
void Evolve(Instance& instance, const DeletionRequested& event) {
  instance.own.phase_since = event.at;
}

void Evolve(Instance& instance, const InstanceGated&, const EventContext& context) {
  Enter(instance, InstancePhase::kGated, context);
}

void Evolve(Instance& instance, const InstanceProgrammingStarted&, const EventContext& context) {
  Enter(instance, InstancePhase::kProgramming, context);
  instance.own.handed_over = true;
  instance.own.gone = false;
  instance.own.starting_since = {};
}

void Evolve(Instance& instance, const InstanceProgrammed&, const EventContext& context) {
  Enter(instance, InstancePhase::kProgrammed, context);
  instance.own.starting_since = context.time;
}

void Evolve(Instance& instance, const InstanceStartBegan&, const EventContext& context) {
  Enter(instance, InstancePhase::kStarting, context);
}

void Evolve(Instance& instance, const InstanceRan&, const EventContext& context) {
  Enter(instance, InstancePhase::kRunning, context);
}

void Evolve(Instance& instance, const InstanceBecameReady&, const EventContext& context) {
  Enter(instance, InstancePhase::kReady, context);
  instance.own.starting_since = {};
}

void Evolve(Instance& instance, const InstanceBecameUnready&, const EventContext& context) {
  Enter(instance, InstancePhase::kRunning, context);
}

void Evolve(Instance& instance, const InstanceRunLost&, const EventContext& context) {
  Enter(instance, InstancePhase::kStarting, context);
}

void Evolve(Instance& instance, const InstanceStopBegan&, const EventContext& context) {
  Enter(instance, InstancePhase::kStopping, context);
}

void Evolve(Instance& instance, const InstanceStopped&, const EventContext& context) {
  Enter(instance, InstancePhase::kStopped, context);
  instance.own.starting_since = {};
}

void Evolve(Instance& instance, const InstanceExpiryReached&, const EventContext& context) {
  Enter(instance, InstancePhase::kExpiring, context);
}

void Evolve(Instance& instance, const InstanceExpired&, const EventContext& context) {
  Enter(instance, InstancePhase::kExpired, context);
}

void Evolve(Instance& instance, const InstanceFailed& event, const EventContext& context) {
  Enter(instance, InstancePhase::kFailed, context);
  instance.own.failure_reason = event.reason;
  instance.own.failure_message = event.message;
  instance.own.start_wanted = false;
  instance.own.restart_wanted = false;
  instance.own.starting_since = {};
}

}  // namespace sluice
