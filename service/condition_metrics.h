#pragma once

#include <vector>

#include "engine/condition_counters.h"
#include "service/backend.h"

namespace sluice::service {

// Families sluice_condition, sluice_resource_apply_*, sluice_status_writes_*.
void AddConditionMetrics(const ConditionCounters& counters,
                         std::vector<MetricsSnapshot::Extra>* extras);

}  // namespace sluice::service
