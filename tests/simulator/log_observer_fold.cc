// What a judged decision does to what the observer knows.
#include <algorithm>

#include "machines/common/step.h"
#include "tests/simulator/log_observer.h"

namespace sluice::simulator {

void LogObserver::FoldMarks(const Decision& decision, uint64_t sequence, ObservedEntity& entity) {
  if (decision.origin->input == Input::kParked) entity.parked.pop_front();
  if (decision.verdict == Verdict::kParked) {
    if (decision.origin->input == Input::kParked) {
      entity.parked.emplace_front(sequence, *decision.command);
    } else {
      entity.parked.emplace_back(sequence, *decision.command);
    }
  }
  for (const Event& event : decision.events) {
    if (event.payload.As<EntityQuarantined>()) entity.quarantined = true;
    if (const auto* released = event.payload.As<ParkedReleased>()) {
      entity.quarantined = false;
      if (released->skipped && !entity.parked.empty()) entity.parked.pop_front();
    }
  }
}

void LogObserver::ExpectNothingGoesBack(const Decision& decision, uint64_t sequence,
                                        ObservedEntity& entity) {
  if (decision.verdict == Verdict::kParked) return;  // heard once it is decided
  if (const auto* seen = decision.command->payload.As<Observed>()) {
    uint64_t& version = entity.told[seen->subject];
    findings_.Expect(seen->version >= version, "O1", "{}:{}: {} hears of {} at version {} after {}",
                     state_.partition, sequence, decision.command->entity, seen->subject,
                     seen->version, version);
    version = std::max(version, seen->version);
    ++state_.seen["ToldOfAnother"];
  }
  if (!entity.state->Exists()) return;  // who is gone shows no generation
  const Observation shown = entity.kind->observe(*entity.state);
  if (shown.uid != entity.uid) {
    entity.uid = shown.uid;
    entity.generation = 0;
  }
  findings_.Expect(shown.generation >= entity.generation, "O1",
                   "{}:{}: {} shows generation {} after {}", state_.partition, sequence,
                   decision.command->entity, shown.generation, entity.generation);
  entity.generation = shown.generation;
}

void LogObserver::Fold(const Decision& decision, uint64_t sequence, ObservedEntity& entity) {
  const Hash128 hash_before = entity.state->Hash();
  const uint64_t version_before = entity.state->version;
  try {
    FoldDecision(*entity.kind, *entity.state, decision);
  } catch (const InvariantViolation& violation) {
    findings_.Expect(false, "I6", "{}:{}: {}", state_.partition, sequence, violation.what());
    return;
  }
  entity.items->Take(entity.state->items.TakeChanges());
  for (const TimerChange& change : decision.effects.timers) {
    std::erase_if(state_.timers, [&](const auto& timer) {
      return std::get<1>(timer) == decision.command->entity && std::get<2>(timer) == change.id;
    });
    if (change.due.IsSet()) state_.timers.emplace(change.due, decision.command->entity, change.id);
  }
  const Hash128 hash = entity.state->Hash();
  if (decision.verdict == Verdict::kRejected && decision.effects.timers.empty()) {
    findings_.Expect(hash == hash_before && entity.state->version == version_before, "I9",
                     "{}:{} is a no and changes {}", state_.partition, sequence,
                     decision.command->entity);
  }
  if (decision.state_hash != Hash128{}) {
    findings_.Expect(decision.state_hash == hash, "I5", "{}:{} does not fold to its hash",
                     state_.partition, sequence);
    findings_.Expect(decision.version == entity.state->version, "I4",
                     "{}:{} says version {}, folded it is {}", state_.partition, sequence,
                     decision.version, entity.state->version);
  }
  ExpectNothingGoesBack(decision, sequence, entity);
  findings_.Expect(entity.state->version - version_before <= 1, "I4", "{}:{} skips a version",
                   state_.partition, sequence);
  if (hash != hash_before || entity.state->version != version_before) {
    entity.moments.push_back({sequence, hash, entity.state->version});
  }
}

}  // namespace sluice::simulator
