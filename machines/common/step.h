// Step: one command decided by one machine, with all that is generic around it. Pure.
//
// This is the only way a decision comes about (engine, simulator, what-if), and ApplyEvents the
// only way a state changes (live, recovery, replay), so live and replayed state cannot drift apart.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/envelope.gen.h"
#include "machines/common/kind.h"

namespace sluice {

// How many observers one decision serves; the rest follow by ContinueFanOut.
inline constexpr size_t kObserversPerDecision = 200;
// Bounds of a decision (design: the machine contract).
inline constexpr size_t kDecisionBytesMax = 960 * 1024;
inline constexpr size_t kEffectsBytesMax = 512 * 1024;
inline constexpr size_t kEffectsMax = 1000;

struct StepResult {
  Verdict verdict = Verdict::kAccepted;
  std::optional<Rejection> rejection;  // set with kRejected
  std::vector<AnyTable> events;
  std::vector<FollowUpDraft> follow_ups;  // in order; Outcome and Answered among them
  std::vector<TimerChange> timers;
  AnyTable reply;
  bool reply_deferred = false;
  std::unique_ptr<EntityState> after;  // null when state, version and timers are as before
};

// Decides `command`, whose target's state is `before` (a default-made one if it never existed).
// Does not look at expectedVersion, ids or quarantine: those are the engine's.
// Throws InvariantViolation when a machine breaks an invariant, LoadFailure when an item cannot be
// read; `before` is as it was in either case.
StepResult DecideStep(const KindInfo& kind, const EntityState& before, const Command& command,
                      const DecideContext& context);

// Evolves `state` by recorded events and timers, checking the transition table.
// Throws InvariantViolation, also for an event type the kind does not know.
void ApplyEvents(const KindInfo& kind, EntityState& state, const std::vector<AnyTable>& events,
                 const std::vector<TimerChange>& timers, const EventContext& context);

// The fold: what a recorded decision does to its entity's state. Verdicts other than Accepted
// (and Rejected, which may carry nothing) change nothing.
void FoldDecision(const KindInfo& kind, EntityState& state, const Decision& decision);

// Events of the engine itself (quarantine, settings): no machine's to evolve.
bool IsEngineEvent(const AnyTable& event);

// The command a due timer is, before it has an id.
Command TimerCommand(const EntityKey& entity, const std::string& timer_id, Time due);

}  // namespace sluice
