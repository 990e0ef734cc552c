// How much memory an entity takes.
#pragma once

#include <cstddef>

#include "projections/fold.h"

namespace sluice {

// By an estimate that costs nothing: within a third for entities of a few KiB.
size_t ApproximateBytes(const LoadedEntity& entity);

}  // namespace sluice
