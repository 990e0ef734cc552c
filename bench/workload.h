// The commands the load is made of: instances, as their provider reports on them.
//
// Every instance goes through the same life: created, programmed, running, ready; then it is
// touched, loses its readiness, is touched and becomes ready again, and so on. Each command is
// accepted.
#pragma once

#include <cstdint>
#include <string>

#include "events/envelope.gen.h"

namespace sluice::bench {

// Where the instances are, in turn.
inline constexpr uint64_t kLocations = 100;
std::string LocationName(uint64_t number);
Command MakeLocation(uint64_t number);

// "instance/default/bench-0000042"
std::string InstanceKey(uint64_t number);

// The `step`-th command of an instance's life, 0 its creation.
Command MakeStep(uint64_t number, uint64_t step);

}  // namespace sluice::bench
