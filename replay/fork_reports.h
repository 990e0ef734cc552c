// Providers' reports in a fork: which of the recorded ones answer something that is pending there,
// too, and what nobody reports on.
#pragma once

#include <string>
#include <vector>

#include "projections/fold.h"

namespace sluice::replay {

// Whether a report on the entity that was `recorded` answers what is pending of it `here`, in the
// fork, too. A report on a thing that was made anew is about the one that is there: it then names
// that one's uid.
bool IsReportOn(const LoadedEntity& recorded, const EntityState& here, Command* report);

// Adds what is pending of `entity` in the fork and not in the original, where it ended as
// `recorded`, or never was (null): "ProgramSubnet of subnet/default/x".
void AddMissing(const std::string& entity, const KindInfo& kind, const EntityState* recorded,
                const EntityState& here, std::vector<std::string>* missing);

}  // namespace sluice::replay
