#pragma once

#include <string>
#include <vector>

#include "events/result.h"
#include "providers/local/process_host.h"

namespace sluice::local {

// The whole environment of an instance's process, as NAME=VALUE: what every program needs of ours
// (PATH, HOME, ...), SLUICE_ADDRESS, SLUICE_NAMESPACE, SLUICE_INSTANCE, the marker, and the user's
// own, which win over all but the marker. Values come from their files and variables now; a
// trailing newline of a file is dropped. kInvalid names the variable that cannot be had, never a
// value.
Result<std::vector<std::string>> BuildEnvironment(const InstanceId& id, const ProcessSpec& spec);

}  // namespace sluice::local
