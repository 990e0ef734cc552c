// Where an export ends, so that its partitions fit together.
#pragma once

#include "replay/archive.h"

namespace sluice::replay {

// Every partition's end such that no decision answers one behind another's end.
Result<Coverage> FittingEnds(const Archive& archive);

}  // namespace sluice::replay
