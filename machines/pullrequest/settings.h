// What the delivery plane reads of the cluster's settings.
#pragma once

#include <string>

#include "events/clusterconfig.gen.h"

namespace sluice::delivery {

// What state labels begin with.
inline std::string LabelPrefix(const ClusterConfigSpec&) { return "sluice/"; }

// How often GitHub is read where no webhook says anything; 0: never.
inline Duration PollInterval(const ClusterConfigSpec&) { return Duration::Minutes(5); }

// Of the monitors that pull requests make.
inline Duration DriftInterval(const ClusterConfigSpec&) { return Duration::Minutes(1); }
inline Duration DriftDeadline(const ClusterConfigSpec&) { return Duration::Minutes(5); }

}  // namespace sluice::delivery
