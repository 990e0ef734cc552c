// What is asked of an instance, and what the deployment keeps of having asked.
#pragma once

#include "machines/deployment/deployment.h"

namespace sluice::deployment {

// How many instances one decision may be asked something, so that it stays within its bounds
// whatever the size of the template. At least one.
size_t ShareOf(const Deployment& state);

// Of the ordinal, which has none.
void CreateMember(DeploymentDraft& draft, uint64_t ordinal);
// To the present template; its location and the gates it lost stay as they are.
void UpdateMember(DeploymentDraft& draft, uint64_t ordinal);
void DeleteMember(DeploymentDraft& draft, uint64_t ordinal);

// Tells a share of those that wait for their network what became of it (own.telling: more are
// left).
void TellNetworks(DeploymentDraft& draft);

}  // namespace sluice::deployment
