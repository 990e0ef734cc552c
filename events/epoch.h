// Where a log was imported: the one decision that answers no input.
#pragma once

#include "events/envelope.gen.h"
#include "events/epoch.gen.h"

namespace sluice {

// Null where the record is anything else.
inline const EpochOpened* OpenedEpoch(const Decision& decision) {
  if (decision.origin || decision.command || decision.events.size() != 1) return nullptr;
  return decision.events.front().payload.As<EpochOpened>();
}
inline const EpochOpened* OpenedEpoch(const LogRecord& record) {
  return record.decision ? OpenedEpoch(*record.decision) : nullptr;
}

}  // namespace sluice
