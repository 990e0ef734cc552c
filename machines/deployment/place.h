// Where a deployment is: it looks for a location of its city in the registry, and observes the one
// it has, which then stays, if it is deleted, for as long as instances may be made there.
#pragma once

#include "machines/deployment/deployment.h"

namespace sluice::deployment {

void SettlePlace(DeploymentDraft& draft);
// No change where it does not look.
void StopLooking(DeploymentDraft& draft);
// At its end.
void LeavePlace(DeploymentDraft& draft);

}  // namespace sluice::deployment
