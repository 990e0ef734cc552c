// Settings that decisions depend on, and their defaults.
#pragma once

#include "events/clusterconfig.gen.h"
#include "machines/common/generic_commands.h"

namespace sluice {

inline constexpr std::string_view kClusterConfigKey = "clusterconfig/sluice-system/cluster";

// The highest level this build can write (design: the machine contract). Events and internal
// commands with (level: "N") in their schema are written from that level on; a cluster begins at
// its first build's and is raised by applying `level`, once no node of the former build is left.
inline constexpr uint32_t kLevel = 2;

// Every setting set. Units and meaning are the schema's (events/schema/clusterconfig.fbs).
ClusterConfigSpec DefaultSettings();
// `spec` with the default where it says nothing; its level stays `level` where it names none.
ClusterConfigSpec WithDefaults(const ClusterConfigSpec& spec, uint32_t level = kLevel);

}  // namespace sluice
