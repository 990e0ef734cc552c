// Reference: what the decision on a command has to be, said a second time and as plainly as can be.
//
// The design's rules of an engine (ids, expected version, quarantine, parking, releases), then the
// machine itself through DecideStep. Pure.
#pragma once

#include <optional>
#include <string>

#include "machines/common/step.h"
#include "tests/simulator/observed_partition.h"

namespace sluice::simulator {

// Users' commands and those forwarded for them; not timers.
bool IsUsers(const Decision& decision);

// Empty when `decision`, recorded at `sequence`, is what `entity`, as it was before, had to answer;
// otherwise what is different.
std::string CompareWithReference(const ObservedPartition& partition, const ObservedEntity& entity,
                                 const Decision& decision, uint64_t sequence, uint32_t partitions);

}  // namespace sluice::simulator
