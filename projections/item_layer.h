// ItemLayer: items of one entity changed in memory, above where the others are read from: below a
// state that is copied or folded often, so that neither costs what the collections hold.
#pragma once

#include <memory>
#include <utility>

#include "machines/common/items.h"

namespace sluice {

// Used by one thread.
class ItemLayer final : public ItemSource {
 public:
  ItemLayer() = default;
  // Above what is stored, kept alive by `below`; `source` is what to read, null: there is nothing.
  ItemLayer(std::shared_ptr<const ItemSource> below, const ItemSource* source)
      : below_(std::move(below)), items_(source) {}

  // Changes that come after those it has.
  void Take(Items::Changes changes) {
    Items::Changes all = items_.TakeChanges();
    for (auto& [key, value] : changes) {
      // What is nowhere needs no note that it is gone.
      if (!value && items_.source() == nullptr) {
        all.erase(key);
      } else {
        all[key] = std::move(value);
      }
    }
    items_.PutChanges(std::move(all));
  }
  // All of them, which it has no longer.
  Items::Changes Release() { return items_.TakeChanges(); }

  std::optional<Bytes> Get(const ItemKey& key) const override { return items_.GetBytes(key); }
  void Scan(CollectionId collection, std::string_view from,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    items_.ScanBytes(collection, from, visit);
  }

 private:
  std::shared_ptr<const ItemSource> below_;
  Items items_;
};

}  // namespace sluice
