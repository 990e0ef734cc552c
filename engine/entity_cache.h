// EntityCache: the entities a partition works on, with what is decided but not yet in the store.
//
// Hot ones are ready to be decided; when they take too much, those used longest ago become cold: a
// row of bytes each, a third of the size. One that is used again is made from its row, without the
// store, and is what the store would have given. When rows take too much, too, some are dropped.
//
// Invariants: an entity with changes not yet applied is hot; none is hot and cold; the state of an
// entry is replaced, never changed, so snapshots of it stay true. Used by the partition's thread.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/cached_items.h"
#include "engine/cold_entities.h"
#include "projections/state_store.h"

namespace sluice {

struct CachedEntity {
  std::string key;
  EntityKey parsed;  // the same
  LoadedEntity entity;
  std::unique_ptr<CachedItems> items;
  uint64_t last_batch = 0;  // of the last batch that touched it
  size_t bytes = 0;         // as counted by the cache
};

// Entities with changes not yet applied may go beyond them.
struct EntityCacheBounds {
  size_t entities_max = SIZE_MAX;       // hot and cold
  size_t hot_entities_max = SIZE_MAX;   // of these
  size_t bytes_max = size_t{64} << 20;  // of all, by estimate

  // Rows are dropped rather than hot ones made cold once hot ones take no more than this.
  size_t HotBytesKept() const { return bytes_max / 8; }
};

class EntityCache {
 public:
  EntityCache(StateStore& store, EntityCacheBounds bounds) : store_(store), bounds_(bounds) {}

  // Hot from now on. Valid until the next call of EvictIdle. kInvalid: unknown kind; store errors
  // as they are.
  Result<CachedEntity*> Get(const EntityKey& key);
  // The same of one that is there already, hot or cold, else null.
  CachedEntity* Use(std::string_view key);
  // One that is hot, else null.
  CachedEntity* FindHot(std::string_view key);
  // `batch` is in the store.
  void Applied(uint64_t batch, std::string_view key);
  // Back to the bounds: makes cold those used longest ago, drops cold ones, except with changes
  // past `applied_batch`. What is known of their items
  // is forgotten where it is more than a few.
  void EvictIdle(uint64_t applied_batch);

  size_t size() const { return hot_.size() + cold_.size(); }
  size_t hot_size() const { return hot_.size(); }
  // Of its entities, by estimate.
  size_t ByteSize() const { return hot_bytes_ + cold_.ByteSize(); }

 private:
  CachedEntity* Insert(std::string key, EntityKey parsed, LoadedEntity loaded);
  // Makes it hot; null: it is not cold.
  CachedEntity* Warm(std::string_view key);
  void Cool(const CachedEntity& entry);
  void DropOldest();
  void Measure(CachedEntity& entry);
  bool MayGo(uint64_t applied_batch) const;
  bool IsTooMuch() const { return size() > bounds_.entities_max || ByteSize() > bounds_.bytes_max; }
  bool IsTooHot() const;

  StateStore& store_;
  const EntityCacheBounds bounds_;
  size_t hot_bytes_ = 0;
  std::list<CachedEntity> by_use_;  // hot ones, most recent first
  // By the key that the entity holds.
  std::unordered_map<std::string_view, std::list<CachedEntity>::iterator> hot_;
  ColdEntities cold_;
  std::string row_;  // used again
};

}  // namespace sluice
