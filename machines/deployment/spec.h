// What a deployment's spec means: its template's hash, and every fault of it.
#pragma once

#include <string>

#include "events/deployment.gen.h"
#include "machines/common/generic_commands.h"

namespace sluice {

inline constexpr std::string_view kCityCode = "topology.datum.net/city-code";

// XXH3-128 of the template's logical encoding. `controller` is the instance's own, so it makes no
// difference.
Hash128 TemplateHash(const InstanceTemplate& from);

// The faults of a template or of scale settings, paths beginning with `path`. A pool may have no
// replicas and no network.
void ValidateTemplate(const InstanceTemplate& from, const std::string& path, bool needs_interface,
                      FieldErrors& errors);
void ValidateScale(const ScaleSettings& scale, const std::string& path, bool pool,
                   FieldErrors& errors);

}  // namespace sluice
