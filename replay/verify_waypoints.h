// WaypointCheck: the waypoints in the projections against the fold, while it passes them.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "projections/store_view.h"
#include "replay/verify_partition.h"

namespace sluice::replay {

// Used by one thread.
class WaypointCheck {
 public:
  // Those that `view` has from sequence `begin` on.
  Result<void> Begin(std::shared_ptr<const StoreView> view, uint64_t begin);
  bool empty() const { return ways_.empty(); }

  // Behind the decision at `sequence` about `key`: `entity` as folded, and the items that the
  // decision changed. What differs in a waypoint that stands there, or nothing.
  Result<std::optional<StoreDifference>> Pass(const std::string& key, const LoadedEntity& entity,
                                              uint64_t sequence,
                                              const std::vector<ItemKey>& changed);
  // Behind the last one: a waypoint that stands behind no decision.
  std::optional<StoreDifference> End() const;

 private:
  struct Way {
    std::vector<uint64_t> sequences;  // ascending
    size_t next = 0;
    std::set<ItemKey> changed;  // since the one before
  };
  std::shared_ptr<const StoreView> view_;
  std::unordered_map<std::string, Way> ways_;  // of entities that have any
};

}  // namespace sluice::replay
