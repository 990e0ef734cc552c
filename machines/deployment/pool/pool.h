// Pools: deployments with `backend: server`. Members are a set: a new one takes the highest number
// ever used plus one, and how many go, change and come at a time is said by pool_plan.h.
#pragma once

#include "machines/deployment/deployment.h"
#include "machines/deployment/manager.h"
#include "machines/deployment/pool/pool_plan.h"

namespace sluice::deployment {

// By set, for Rolling (by_set.cc).
extern const Manager kBySet;

// Where a pool keeps its back-off: it is the pool's, as its members' numbers are used once.
inline constexpr uint64_t kPoolBackOff = ~uint64_t{0};

bool IsPool(const DeploymentSpec& spec);

// Condition Healthy of the group.
void SettlePoolHealth(DeploymentDraft& draft);

// Faults of maxUnavailable, maxSurge and the template's backend, paths as given.
void ValidatePool(const DeploymentSpec& spec, FieldErrors& errors);

}  // namespace sluice::deployment
