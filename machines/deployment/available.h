// Available and Scheduled, out of what a deployment keeps.
#pragma once

#include "machines/deployment/members.h"

namespace sluice {

// Conditions, and the phase between Provisioning and Available.
void SettleAvailable(DeploymentDraft& draft);

// How bad a reason of Available is, among those that climb.
deployment::Severity SeverityOfReason(std::string_view reason);

}  // namespace sluice
