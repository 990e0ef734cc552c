// Items of one entity folded in memory: below a state that is copied often, so that a copy does not
// cost what the collections hold.
#pragma once

#include <map>

#include "machines/common/items.h"

namespace sluice::replay {

// Used by one thread.
class FoldedItems final : public ItemSource {
 public:
  void Take(Items::Changes changes) {
    for (auto& [key, value] : changes) {
      if (value) {
        items_[key] = std::move(*value);
      } else {
        items_.erase(key);
      }
    }
  }
  std::optional<Bytes> Get(const ItemKey& key) const override {
    const auto found = items_.find(key);
    return found == items_.end() ? std::nullopt : std::optional(found->second);
  }
  void Scan(CollectionId collection, std::string_view from,
            const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override {
    for (auto at = items_.lower_bound({collection, std::string(from)});
         at != items_.end() && at->first.collection == collection; ++at) {
      if (!visit(at->first.key, at->second)) return;
    }
  }
  const std::map<ItemKey, Bytes>& all() const { return items_; }

 private:
  std::map<ItemKey, Bytes> items_;
};

}  // namespace sluice::replay
