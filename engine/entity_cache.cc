#include "engine/entity_cache.h"

#include "projections/entity_bytes.h"

namespace sluice {
namespace {

// An entry's own: its places in the list and the map, its key, its views of items.
constexpr size_t kEntryBytes = 384;

}  // namespace

CachedEntity* EntityCache::Use(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  found->second->items->Trim();
  return &*found->second;
}

Result<CachedEntity*> EntityCache::Get(const EntityKey& key) {
  std::string text = key.ToString();
  if (CachedEntity* used = Use(text)) return used;
  Result<LoadedEntity> loaded = store_.Load(key);
  if (!loaded) return tl::unexpected<Error>(std::move(loaded.error()));
  CachedEntity entry{std::move(text), key, std::move(*loaded), nullptr, 0};
  // The sum of no items is zero, and of any it is not.
  Items& items = entry.entity.state->items;
  entry.items = std::make_unique<CachedItems>(items.source(), items.hash_sum() == Hash128{});
  items.set_source(entry.items.get());
  by_use_.push_front(std::move(entry));
  Measure(by_use_.front());
  entries_.emplace(by_use_.front().key, by_use_.begin());
  return &by_use_.front();
}

CachedEntity* EntityCache::Find(std::string_view key) {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &*found->second;
}

void EntityCache::Applied(uint64_t batch, std::string_view key) {
  CachedEntity* entry = Find(key);
  if (entry == nullptr) return;
  entry->items->Applied(batch);
  Measure(*entry);
}

void EntityCache::Measure(CachedEntity& entry) {
  bytes_ -= entry.bytes;
  entry.bytes = kEntryBytes + ApproximateBytes(entry.entity) + entry.items->ByteSize();
  bytes_ += entry.bytes;
}

void EntityCache::EvictIdle(uint64_t applied_batch) {
  while (!by_use_.empty() && (entries_.size() > entities_max_ || bytes_ > bytes_max_) &&
         by_use_.back().last_batch <= applied_batch) {
    bytes_ -= by_use_.back().bytes;
    entries_.erase(by_use_.back().key);
    by_use_.pop_back();
  }
}

}  // namespace sluice
