// Conditions on an entity of any kind that somebody else owns: one command writes all of them, and
// leaves everything else as it is. Every kind takes these commands; none has code for them.
//
// Whoever watches an entity's conditions is kept among its observers, under a key of its own.
#pragma once

#include <string_view>
#include <vector>

#include "events/conditions.gen.h"
#include "machines/common/context.h"
#include "machines/common/decided.h"
#include "machines/common/entity.h"
#include "machines/common/kind.h"

namespace sluice {

// So many are told of a change.
inline constexpr size_t kConditionWatchersMax = 16;

// WriteConditions, WatchConditions, UnwatchConditions.
bool IsConditionCommand(const Command& command);
DecideResult DecideConditionCommand(const KindInfo& kind, const EntityState& state,
                                    const Command& command, const DecideContext& context);

// Tells who watches, when conditions, generation or existence differ.
void AnnounceConditions(const EntityState& before, const EntityState& after, const EntityKey& self,
                        std::vector<FollowUpDraft>& follow_ups);

// Of a key in the collection of observers: it is not told what observers are told.
bool IsConditionWatcher(std::string_view observer);

}  // namespace sluice
