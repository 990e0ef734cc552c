// The observer relation: who hears of an entity, and how a change reaches them.
//
// One fan-out runs at a time. A change while it runs marks it dirty, and it starts again at its
// end; what is sent is always the state of the moment, so versions only rise and steps may be
// skipped.
#pragma once

#include "machines/common/step.h"

namespace sluice {

// Observe, Unobserve, ContinueFanOut and Answered: the same for every kind, existing or not.
bool IsRelationCommand(const Command& command);
DecideResult DecideRelation(const KindInfo& kind, const EntityState& state, const Command& command,
                            const DecideContext& context);

// Sends the owner and the observers what changed between `before` and `after`, adding the events of
// the fan-out to `after` and to `result`.
void AnnounceChange(const KindInfo& kind, const EntityState& before, EntityState& after,
                    const DecideContext& context, StepResult& result);

// What `state` looks like to an observer now.
Observed MakeObserved(const KindInfo& kind, const EntityState& state, const EntityKey& self);

}  // namespace sluice
