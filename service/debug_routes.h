#pragma once

#include "service/call.h"

namespace sluice::service {

// /debug/VERB?...: JSON lines, the last of them the result. Finishes the call.
void RouteDebug(const CallPtr& call);

}  // namespace sluice::service
