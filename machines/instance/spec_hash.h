// The hash by which owners tell whether an instance is still what their template says.
#pragma once

#include "events/instance.gen.h"

namespace sluice {

// Logical hash of the spec without `controller`, which is the machine's own: gates that were lifted
// make no difference.
Hash128 InstanceSpecHash(const InstanceSpec& spec);

}  // namespace sluice
