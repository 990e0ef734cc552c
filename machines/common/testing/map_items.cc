#include "machines/common/testing/map_items.h"

namespace sluice::testing {

std::optional<Bytes> MapItems::Get(const ItemKey& key) const {
  const auto found = items_.find(key);
  return found == items_.end() ? std::nullopt : std::optional<Bytes>(found->second);
}

void MapItems::Scan(CollectionId collection, std::string_view from,
                    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  for (auto item = items_.lower_bound({collection, std::string(from)});
       item != items_.end() && item->first.collection == collection; ++item) {
    if (!visit(item->first.key, item->second)) return;
  }
}

void MapItems::Take(const Items::Changes& changes) {
  for (const auto& [key, value] : changes) {
    if (value) {
      items_[key] = *value;
    } else {
      items_.erase(key);
    }
  }
}

}  // namespace sluice::testing
