// A recorded command decided again by this build's machines, and how that differs from the record.
// Pure: what a decision read is in the record and in the state before it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/paths.h"
#include "projections/fold.h"

namespace sluice::replay {

// How a decision made again differs: `before` is as recorded, `after` as this build decides.
struct Redecided {
  // "verdict", "rejection", "events", "effects", "reply", "state": the first that differs; empty:
  // nothing does.
  std::string aspect;
  // The kind of difference without its particulars, to group by: "Accepted -> Rejected(Immutable)",
  // "events: InstanceProgrammed, PhaseChanged -> InstanceProgrammed", "events[0].payload.reason".
  std::string summary;
  std::vector<FieldDiff> fields;
  // Where nothing differs and the decision changed the state: as it left it, of the recorded hash.
  std::shared_ptr<EntityState> after;

  bool differs() const { return !aspect.empty(); }
};

// Decides the command of `decision` against `before`, the state of its entity then; `partition` is
// the partition's state at it (its settings are read). nullopt: no machine was asked (duplicates,
// forwarded and parked commands, refusals of the engine).
std::optional<Redecided> Redecide(const LoadedEntity& before, const Decision& decision,
                                  const PartitionState& partition);

}  // namespace sluice::replay
