// Consequences: from a decision forward to all that followed from it, over entities.
#pragma once

#include "replay/answers.h"
#include "replay/timeline.h"

namespace sluice::replay {

// The decision at `position` in short and, under `then`, what followed: [{via: "followUp" |
// "timer" | "action", what, decision}], `decision` absent while there is none yet, and `seen` where
// it stands in the tree already.
Result<Json> ForwardTree(const Archive& archive, const DecisionPosition& position);

// The decision on the `index`th follow-up of the decision at `record`; nullopt: none yet.
Result<std::optional<LogRecord>> DecisionOn(const Archive& archive, const LogRecord& record,
                                            size_t index);

// Positions of the decisions on commands of this id, oldest first: a user's id is looked for in the
// whole log, that of a follow-up ("0:17/2") at its sender.
Result<std::vector<DecisionPosition>> FindCommandId(const Asking& asking, const std::string& id);

}  // namespace sluice::replay
