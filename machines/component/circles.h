#pragma once

#include "machines/component/component.h"

namespace sluice::component {

// Components that wait for each other, over any number of steps, or for an aggregate that they are
// part of: none of them would ever begin. A component that merely waits for such is not named, as
// it works once they do. Of circles that share components one is named at a time. Linear in the
// spec.
void CheckCircles(const ComponentSpec& spec, FieldErrors& errors);

}  // namespace sluice::component
