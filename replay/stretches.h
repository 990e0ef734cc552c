// An entity's history from its end: a stretch of decisions at a time, the last stretch first, for
// who seeks the last decision that did something and would go through all before it otherwise.
#pragma once

#include <functional>

#include "replay/timeline.h"

namespace sluice::replay {

// Visits the decisions about `entity` before sequence `end`. Within a stretch the oldest comes
// first; a visitor that returns false ends its stretch. After each stretch `enough` is asked
// whether that was all. Stretches grow, so that an archive without waypoints, where each is reached
// from the beginning, is gone through a few times at most. Errors as Timeline::Walk's.
Result<void> WalkStretches(const Archive& archive, std::string_view entity, uint64_t end,
                           const MomentVisitor& visit, const std::function<bool()>& enough);

// The same for what is in the records themselves; each of a stretch is visited.
Result<void> VisitStretches(const Archive& archive, std::string_view entity, uint64_t end,
                            const std::function<void(const LogRecord& record)>& visit,
                            const std::function<bool()>& enough);

}  // namespace sluice::replay
