// The reasons of component conditions: priority, status, family (status plane, *Reasons and
// priority*).
#pragma once

#include <cstdint>
#include <string_view>

#include "events/component.gen.h"

namespace sluice::component {

// Higher wins; 0 for Unknown and whatever is not recognised.
int PriorityOf(std::string_view reason);
// True for the reasons that make a condition True; Unknown's is Unknown, all others' False.
ConditionStatus StatusOf(std::string_view reason);
// Healthy, Operational, Completed.
bool IsHealthy(std::string_view reason);
// Reasons whose messages are told together; 0 for those that have no band.
int BandOf(std::string_view reason);

// A status that whoever looks after a resource of that family may report.
bool MayReport(ResourceFamily family, std::string_view status);
// What a managed resource that was never reported reads.
std::string_view PendingOf(ResourceFamily family);

}  // namespace sluice::component
