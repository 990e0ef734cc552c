// Which deployments there are to be: made, updated and taken away until they are those that spec
// and locations want.
#pragma once

#include "machines/workload/workload.h"

namespace sluice::workload {

// Asks what it has to know first: its networks, and where its cities are.
void Look(WorkloadDraft& draft);
// Networks of the template that are known to be missing, sorted.
std::vector<std::string> MissingNetworks(const Workload& state);

// A share of what is left to do; goes on by a ContinueWorkload.
void SettleDeployments(WorkloadDraft& draft);
// The same for one that is being deleted.
void DeleteDeployments(WorkloadDraft& draft);
void StopLooking(WorkloadDraft& draft);

// Asks the deployment to go, if it is known to be there; forgets one that was refused.
void Dismiss(WorkloadDraft& draft, WorkloadDeployment deployment);

}  // namespace sluice::workload
