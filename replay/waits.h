// Waits: what an entity that is not as wanted waits for, on whom, since when, what comes next and
// what failed last; and the same of whom it waits on.
#pragma once

#include "replay/answers.h"
#include "replay/timeline.h"

namespace sluice::replay {

// Whether the kind has a phase for what is ready, and the entity is in another one.
bool IsInAnotherPhaseThanReady(const PastEntity& entity);

// {entity, exists, phase, ready, deleting, conditions: those not true, on: [{entity, says, since,
// refused, waits}], actions: [{verb, target, location, attempt, since}], answers: [{entity,
// command, since}], timers: [{id, due}], lastFailure}. `point` is when. Of one that is as wanted
// the failure is told where it is asked about itself, and lies within its last some hundred
// decisions.
Result<Json> WhatItWaitsFor(const Archive& archive, std::string_view entity, const Coverage& point);

}  // namespace sluice::replay
