// Phase changes that somebody wants to be told of (binding plane, *Lifetimes of an instance*).
#pragma once

#include "machines/instance/instance.h"

namespace sluice::instance {

// Hands a change of phase over to `announcement/NS/NAME`, which keeps it until the target has taken
// it. Called at the end of Settle. The target is the instance's own (kNotifyAnnotation; empty: it
// is announced nowhere), else the cluster's (settings.notifyUrl); without one nothing happens.
void HandOverPhase(Draft<InstanceMachine>& draft);

}  // namespace sluice::instance
