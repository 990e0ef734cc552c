#include "engine/entity_cache.h"

#include "projections/entity_bytes.h"

namespace sluice {
namespace {

// An entry's own: its places in the list and the map, its key, its views of items.
constexpr size_t kEntryBytes = 384;

}  // namespace

std::optional<Bytes> StagedItems::Get(const ItemKey& key) const {
  if (const auto found = staged_.find(key); found != staged_.end()) return found->second.value;
  return store_ ? store_->Get(key) : std::nullopt;
}

void StagedItems::Scan(CollectionId collection, std::string_view from,
                       const std::function<bool(std::string_view, std::string_view)>& visit) const {
  // Items does the merging; staged changes are few, those from `from` on are copied.
  Items merged(store_);
  Items::Changes changes;
  for (auto at = staged_.lower_bound({collection, std::string(from)});
       at != staged_.end() && at->first.collection == collection; ++at) {
    changes.emplace(at->first, at->second.value);
  }
  merged.PutChanges(std::move(changes));
  merged.ScanBytes(collection, from, visit);
}

void StagedItems::Stage(const Items::Changes& changes, uint64_t batch) {
  for (const auto& [key, value] : changes) staged_[key] = Staged{value, batch};
}

void StagedItems::Applied(uint64_t batch) {
  std::erase_if(staged_, [&](const auto& entry) { return entry.second.batch <= batch; });
}

CachedEntity* EntityCache::Use(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  return &*found->second;
}

Result<CachedEntity*> EntityCache::Get(const EntityKey& key) {
  std::string text = key.ToString();
  if (CachedEntity* used = Use(text)) return used;
  Result<LoadedEntity> loaded = store_.Load(key);
  if (!loaded) return tl::unexpected<Error>(std::move(loaded.error()));
  CachedEntity entry{std::move(text), key, std::move(*loaded), nullptr, 0};
  entry.items = std::make_unique<StagedItems>(entry.entity.state->items.source());
  entry.entity.state->items.set_source(entry.items.get());
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
  entry.bytes = kEntryBytes + ApproximateBytes(entry.entity);
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
