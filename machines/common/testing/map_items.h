// MapItems: the items of one entity in a map, for tests and the simulator.
#pragma once

#include <map>

#include "machines/common/items.h"

namespace sluice::testing {

// The items of one entity, in a map.
class MapItems final : public ItemSource {
 public:
  std::optional<Bytes> Get(const ItemKey& key) const override;
  void Scan(CollectionId collection, std::string_view from,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override;
  void Take(const Items::Changes& changes);
  const std::map<ItemKey, Bytes>& items() const { return items_; }

 private:
  std::map<ItemKey, Bytes> items_;
};

}  // namespace sluice::testing
