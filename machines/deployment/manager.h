// How a deployment's instances are brought to what is wanted. There is one manager per way of
// planning; everything else of the machine is the same for all.
#pragma once

#include "machines/deployment/deployment.h"

namespace sluice::deployment {

struct Manager {
  // Carries out what may be carried out now, at most a share of it (actions.h). Whether more could
  // be carried out at once: the machine then goes on by a follow-up to itself.
  bool (*carry_out)(DeploymentDraft& draft);
  // What is to be done, for users. `name` is the deployment's own.
  DeploymentPlan (*plan)(const Deployment& state, const std::string& name);
};

// By ordinal, for OrderedReady and Parallel (by_ordinal.cc).
extern const Manager kByOrdinal;

// The one for this deployment.
const Manager& ManagerOf(const Deployment& state);

}  // namespace sluice::deployment
