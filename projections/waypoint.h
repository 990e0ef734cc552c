// Waypoints: what an entity was, kept every so many of its own decisions, so that a fold up to any
// position begins near it, however long the history (docs/formats/projections.md).
//
// A waypoint holds the root. Items are kept beside it each by itself, as of the waypoint after each
// change, so that a waypoint costs what was changed since the one before and not what there is.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "projections/fold.h"
#include "projections/store_values.h"

namespace sluice {

class StoreView;

// Of those decisions that a fold reads. A batch that passes several keeps one.
inline constexpr uint64_t kWaypointEvery = 128;

// What an entity was at a position, to fold on from.
struct PastStart {
  LoadedEntity entity;  // its items are read from the view, on the thread of whoever folds
  uint64_t next = 0;    // the first sequence that is not in it
};

// The last waypoint before sequence `end`; nullopt: the entity begins with its first decision.
// kCorruption: it is not of the hash it was kept with.
Result<std::optional<PastStart>> WaypointBefore(std::shared_ptr<const StoreView> view,
                                                const KindInfo& kind, std::string_view entity,
                                                uint64_t end);

// For verification: the waypoint behind the decision at `sequence`, which must be there, and an
// item as of the waypoint of a number.
Result<store::StoredWaypoint> ReadWaypoint(const StoreView& view, std::string_view entity,
                                           uint64_t sequence);
Result<std::optional<Bytes>> ItemAtWaypoint(const StoreView& view, std::string_view entity,
                                            uint64_t number, const ItemKey& key);

}  // namespace sluice
