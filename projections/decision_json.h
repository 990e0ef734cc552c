// A decision as history shows it: one JSON object.
#pragma once

#include <string>

#include "events/envelope.gen.h"

namespace sluice {

// {"position", "time", "actor", "command", "verdict", "version", "rejection", "events", "effects",
// "reply", ...}; what is absent is left out, `events` never is. `command` is as a user would write
// it. `record` must hold a decision.
std::string DecisionJson(const LogRecord& record);

}  // namespace sluice
