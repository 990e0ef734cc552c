// Who waits before it is made, or updated, again.
#pragma once

#include "machines/deployment/deployment.h"

namespace sluice::deployment {

// Whose back-off has ended may be made again. Arms the timer for the next.
void EndBackOffs(DeploymentDraft& draft);
// Shows them in status.
void ShowBackOffs(DeploymentDraft& draft);

}  // namespace sluice::deployment
