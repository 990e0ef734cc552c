// What the delivery plane reads of the cluster's settings. Logs that are older than a setting hold
// none, so each has its default here, too.
#pragma once

#include <string>

#include "events/clusterconfig.gen.h"

namespace sluice::delivery {

// What state labels begin with.
inline std::string LabelPrefix(const ClusterConfigSpec& settings) {
  return settings.label_prefix.empty() ? "sluice/" : settings.label_prefix;
}

// How often GitHub is read where no webhook says anything; 0: never.
inline Duration PollInterval(const ClusterConfigSpec& settings) {
  return settings.pull_request_poll_interval.value_or(Duration::Minutes(5));
}

// Of the monitors that pull requests make.
inline Duration DriftInterval(const ClusterConfigSpec& settings) {
  return settings.drift_interval.value_or(Duration::Minutes(1));
}
inline Duration DriftDeadline(const ClusterConfigSpec& settings) {
  return settings.drift_deadline.value_or(Duration::Minutes(5));
}

}  // namespace sluice::delivery
