// Programmed, Running and Ready, out of what an instance keeps (compute plane: the order in which
// Ready is derived).
#pragma once

#include "machines/instance/instance.h"

namespace sluice {

// For one that is not being deleted. Called once the phase is settled.
void SettleConditions(Draft<InstanceMachine>& draft);

}  // namespace sluice
