// Reading an Observed.
#pragma once

#include "events/common.gen.h"

namespace sluice {

// Whoever was observed never was (phase Absent) or is no more (phase Deleted, with the uid it had).
inline bool IsGone(const Observed& seen) {
  return seen.phase == "Absent" || seen.phase == "Deleted";
}

}  // namespace sluice
