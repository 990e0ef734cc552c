// The items of one entity as a partition's store has them.
#pragma once

#include <memory>
#include <string>

#include "machines/common/items.h"
#include "projections/store_db.h"

namespace sluice {

// Reads what is applied at the moment of the call, on the thread of whoever loaded the entity.
// Throws LoadFailure where it cannot. RocksDB walks over erased rows until it has compacted them
// away: whoever scans a queue again and again remembers where it begins (CachedItems).
class StoreItems final : public ItemSource {
 public:
  StoreItems(std::shared_ptr<const StoreDb> db, std::string entity_prefix)
      : db_(std::move(db)), prefix_(std::move(entity_prefix)) {}

  std::optional<Bytes> Get(const ItemKey& key) const override;
  void Scan(CollectionId collection, std::string_view from,
            const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override;

 private:
  const std::shared_ptr<const StoreDb> db_;
  const std::string prefix_;
};

}  // namespace sluice
