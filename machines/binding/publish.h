// Status fields that repeat what the machine keeps of its own.
#pragma once

#include "machines/binding/binding.h"

namespace sluice::binding {

// Refs, last error and retry, from binding.own. Every Evolve that changes one of them ends in it.
void Publish(Binding& binding);
// The first in cleanup whose deletion fails, or nullptr.
const BoundInstance* FailingCleanup(const Binding& binding);

}  // namespace sluice::binding
