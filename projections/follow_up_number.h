// Which follow-up of a source comes next (I8).
#pragma once

#include <cstdint>

#include "events/envelope.gen.h"
#include "events/projections.gen.h"

namespace sluice {

// Numbers go on when a log is imported. In logs that early builds imported, whose next term changed
// the epoch, they began anew.
inline uint64_t NextFollowUpNumber(const FollowUpProgress& decided, const FollowUpSource& source) {
  const bool began_anew = decided.epoch != source.epoch && source.number == 1;
  return began_anew ? 1 : decided.number + 1;
}

}  // namespace sluice
