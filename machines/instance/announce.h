// Phase changes that somebody wants to be told of (binding plane, *Lifetimes of an instance*).
#pragma once

#include "machines/instance/instance.h"

namespace sluice::instance {

// Hands a change of phase over to `announcement/NS/NAME`, which keeps it until the target has taken
// it. Called at the end of Settle; does nothing for an instance that names no target.
void HandOverPhase(Draft<InstanceMachine>& draft);

// nullopt, or why `url` is none that can be told.
std::optional<std::string> NotifyUrlFault(std::string_view url);

}  // namespace sluice::instance
