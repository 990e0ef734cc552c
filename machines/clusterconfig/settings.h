// Settings that decisions depend on, and their defaults.
#pragma once

#include "events/clusterconfig.gen.h"
#include "machines/common/generic_commands.h"

namespace sluice {

inline constexpr std::string_view kClusterConfigKey = "clusterconfig/sluice-system/cluster";

// The highest level this build can write (design: the machine contract).
inline constexpr uint32_t kLevel = 1;

// Every setting set. Units and meaning are the schema's (events/schema/clusterconfig.fbs).
ClusterConfigSpec DefaultSettings();
// `spec` with the default where it says nothing.
ClusterConfigSpec WithDefaults(const ClusterConfigSpec& spec);

}  // namespace sluice
