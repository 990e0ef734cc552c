// EntityCache: the entities a partition works on, with what is decided but not yet in the store.
//
// Invariants: an entity with item changes not yet applied is never evicted; the state of an entry
// is replaced, never changed, so snapshots of it stay true. Used by the partition's thread.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/cached_items.h"
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

class EntityCache {
 public:
  EntityCache(StateStore& store, size_t entities_max, size_t bytes_max)
      : store_(store), entities_max_(entities_max), bytes_max_(bytes_max) {}

  // Valid until the next call of EvictIdle. kInvalid: unknown kind; store errors as they are.
  Result<CachedEntity*> Get(const EntityKey& key);
  // The same of one that is there already, else null.
  CachedEntity* Use(std::string_view key);
  CachedEntity* Find(std::string_view key);
  // `batch` is in the store.
  void Applied(uint64_t batch, std::string_view key);
  // Drops those used longest ago beyond the bounds, except with changes past `applied_batch`.
  void EvictIdle(uint64_t applied_batch);
  size_t size() const { return entries_.size(); }
  // Of its entities, by estimate.
  size_t ByteSize() const { return bytes_; }

 private:
  void Measure(CachedEntity& entry);

  StateStore& store_;
  const size_t entities_max_;
  const size_t bytes_max_;
  size_t bytes_ = 0;
  std::list<CachedEntity> by_use_;  // most recent first
  // By the key that the entity holds.
  std::unordered_map<std::string_view, std::list<CachedEntity>::iterator> entries_;
};

}  // namespace sluice
