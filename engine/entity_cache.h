// EntityCache: the entities a partition works on, with what is decided but not yet in the store.
//
// Hot ones are ready to be decided; when they take too much, some become cold: a row of bytes each,
// a third of the size. One that is used again is made from its row, without the store, and is what
// the store would have given. When rows take too much, too, some are dropped. Which ones has
// nothing to do with when they were used: a load that goes round over a few more than fit would
// find none of those that were used last, and of others a cold one costs no more than a few
// microseconds.
//
// Invariants: an entity with changes not yet applied is hot; none is hot and cold; the state of an
// entry is replaced, never changed, so snapshots of it stay true. Used by the partition's thread.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/cached_items.h"
#include "engine/cold_entities.h"
#include "projections/recent.h"
#include "projections/state_store.h"

namespace sluice {

struct CachedEntity {
  std::string key;
  EntityKey parsed;  // the same
  LoadedEntity entity;
  std::unique_ptr<CachedItems> items;
  // Remembered, of batches not yet applied, by CommandIdHash; the oldest first.
  std::vector<std::pair<Hash128, RememberedCommand>> staged_commands;
  uint64_t last_batch = 0;  // of the last batch that touched it
  size_t bytes = 0;         // as counted by the cache
  size_t slot = 0;          // where the cache has it

  // The last of that id among those.
  std::optional<RememberedCommand> FindStaged(Hash128 id) const;
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
  // `batch` is in the store, and so are decisions before sequence `next`: what they did to
  // `entity`, which is hot.
  void Applied(uint64_t batch, uint64_t next, CachedEntity& entity);
  // Back to the bounds: makes hot ones cold, except with changes past `applied_batch`, drops cold
  // ones. What is known of their items is forgotten where it is more than a few.
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
  void Drop(const CachedEntity& entry);
  void Measure(CachedEntity& entry);
  // Any hot one without changes past `applied_batch`; null: there is none.
  CachedEntity* AnyIdle(uint64_t applied_batch);
  bool IsTooMuch() const { return size() > bounds_.entities_max || ByteSize() > bounds_.bytes_max; }
  bool IsTooHot() const;

  StateStore& store_;
  const EntityCacheBounds bounds_;
  size_t hot_bytes_ = 0;
  std::vector<std::unique_ptr<CachedEntity>> hot_;
  std::unordered_map<std::string_view, CachedEntity*> hot_by_key_;  // by the key that it holds
  std::minstd_rand random_;                                         // begins alike in every cache
  ColdEntities cold_;
  std::string row_;  // used again
};

}  // namespace sluice
