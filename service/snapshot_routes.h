#pragma once

#include "service/call.h"

namespace sluice::service {

// /snapshots and what is below. Finishes the call.
void RouteSnapshots(const CallPtr& call);

}  // namespace sluice::service
