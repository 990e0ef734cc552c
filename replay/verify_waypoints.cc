#include "replay/verify_waypoints.h"

#include "projections/waypoint.h"

namespace sluice::replay {

Result<void> WaypointCheck::Begin(std::shared_ptr<const StoreView> view, uint64_t begin) {
  view_ = std::move(view);
  return view_->ScanWaypoints([&](std::string_view entity, uint64_t sequence) {
    if (sequence >= begin) ways_[std::string(entity)].sequences.push_back(sequence);
  });
}

Result<std::optional<StoreDifference>> WaypointCheck::Pass(const std::string& key,
                                                           const LoadedEntity& entity,
                                                           uint64_t sequence,
                                                           const std::vector<ItemKey>& changed) {
  std::optional<StoreDifference> found;
  const auto at = ways_.find(key);
  if (at == ways_.end()) return found;
  Way& way = at->second;
  way.changed.insert(changed.begin(), changed.end());
  if (way.next == way.sequences.size() || way.sequences[way.next] != sequence) return found;
  ++way.next;
  auto waypoint = ReadWaypoint(*view_, key, sequence);
  if (!waypoint) return tl::unexpected(waypoint.error());
  std::vector<FieldDiff> fields = DiffRecord(waypoint->record, entity);
  for (const ItemKey& item : way.changed) {
    auto stored = ItemAtWaypoint(*view_, key, waypoint->number, item);
    if (!stored) return tl::unexpected(stored.error());
    if (*stored == entity.state->items.GetBytes(item)) continue;
    fields.push_back({fmt::format("items of collection {}", item.collection), "", ""});
    break;
  }
  way.changed.clear();
  if (fields.empty()) return found;
  found = StoreDifference{
      .entity = key,
      .sequence = sequence,
      .message = fmt::format("the waypoint of {} is another than the log makes it", key),
      .fields = std::move(fields)};
  return found;
}

std::optional<StoreDifference> WaypointCheck::End() const {
  for (const auto& [key, way] : ways_) {
    if (way.next == way.sequences.size()) continue;
    return StoreDifference{
        .entity = key,
        .sequence = way.sequences[way.next],
        .message = fmt::format("{} has a waypoint behind what is no decision about it", key),
        .fields = {}};
  }
  return std::nullopt;
}

}  // namespace sluice::replay
