// Events that move the phase: each to one place (binding.h has the table).
#include "machines/binding/binding.h"
#include "machines/binding/publish.h"

namespace sluice {
namespace {

void MoveTo(Binding& binding, BindingPhase phase, const EventContext& context) {
  binding.status.phase = phase;
  binding.own.phase_since = context.time;
}

}  // namespace

void Evolve(Binding& binding, const BindingResumed&, const EventContext& context) {
  MoveTo(binding, BindingPhase::kPending, context);
}

void Evolve(Binding& binding, const RolloutStarted&, const EventContext& context) {
  MoveTo(binding, BindingPhase::kCreating, context);
}

void Evolve(Binding& binding, const CandidateAwaited&, const EventContext& context) {
  MoveTo(binding, BindingPhase::kWaitingReady, context);
}

void Evolve(Binding& binding, const CutoverStarted&, const EventContext& context) {
  MoveTo(binding, BindingPhase::kCuttingOver, context);
}

void Evolve(Binding& binding, const CutoverCompleted& event, const EventContext& context) {
  MoveTo(binding, BindingPhase::kCleaningUp, context);
  binding.own.cleanup.push_back(std::move(*binding.own.active));
  binding.own.active = std::move(binding.own.candidate);
  binding.own.candidate.reset();
  binding.own.failure.reset();
  binding.own.retry = {};
  binding.status.observed_revision = event.revision;
  binding::Publish(binding);
}

void Evolve(Binding& binding, const BindingSettled&, const EventContext& context) {
  MoveTo(binding, BindingPhase::kReady, context);
}

void Evolve(Binding& binding, const BindingDegraded&, const EventContext& context) {
  MoveTo(binding, BindingPhase::kDegraded, context);
}

void Evolve(Binding& binding, const BindingFailed&, const EventContext& context) {
  MoveTo(binding, BindingPhase::kFailed, context);
}

}  // namespace sluice
