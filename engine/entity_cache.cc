#include "engine/entity_cache.h"

#include <algorithm>
#include <utility>

#include "projections/batch_projection.h"
#include "projections/entity_bytes.h"
#include "projections/entity_row.h"

namespace sluice {
namespace {

// An entry's own: its places in the cache, its key, its views of items.
constexpr size_t kEntryBytes = 384;
// Of items by estimate, of which few lie with a cold entity: a dozen. Whoever has more and is
// seldom used has them read again.
constexpr size_t kColdItemBytesMax = 2048;

}  // namespace

std::optional<RememberedCommand> CachedEntity::FindStaged(Hash128 id) const {
  const auto staged = std::find_if(staged_commands.rbegin(), staged_commands.rend(),
                                   [&](const auto& command) { return command.first == id; });
  if (staged == staged_commands.rend()) return std::nullopt;
  return staged->second;
}

CachedEntity* EntityCache::Use(std::string_view key) {
  CachedEntity* hot = FindHot(key);
  if (hot == nullptr) return Warm(key);
  hot->items->Trim();
  return hot;
}

Result<CachedEntity*> EntityCache::Get(const EntityKey& key) {
  std::string text = key.ToString();
  if (CachedEntity* used = Use(text)) return used;
  Result<LoadedEntity> loaded = store_.Load(key);
  if (!loaded) return tl::unexpected<Error>(std::move(loaded.error()));
  return Insert(std::move(text), key, std::move(*loaded));
}

CachedEntity* EntityCache::Insert(std::string key, EntityKey parsed, LoadedEntity loaded) {
  auto entry = std::make_unique<CachedEntity>();
  entry->key = std::move(key);
  entry->parsed = std::move(parsed);
  entry->entity = std::move(loaded);
  // The sum of no items is zero, and of any it is not.
  Items& items = entry->entity.state->items;
  entry->items = std::make_unique<CachedItems>(items.source(), items.hash_sum() == Hash128{});
  items.set_source(entry->items.get());
  entry->slot = hot_.size();
  Measure(*entry);
  hot_by_key_.emplace(entry->key, entry.get());
  return hot_.emplace_back(std::move(entry)).get();
}

CachedEntity* EntityCache::Warm(std::string_view key) {
  const ColdEntity cold = cold_.Take(key);
  if (!cold) return nullptr;
  EntityKey parsed = KeyOrDie(cold.key());
  Result<LoadedEntity> loaded = DecodeEntityRow(cold.kind(), cold.row(), store_.ItemsOf(parsed));
  CHECK(loaded.has_value());  // it is what Cool made
  CachedEntity* entry = Insert(std::string(cold.key()), std::move(parsed), std::move(*loaded));
  entry->items->Restore(cold.items());
  return entry;
}

void EntityCache::Cool(const CachedEntity& entry) {
  CHECK(entry.items->IsApplied());
  // Of one that never was the store says so without reading.
  if (entry.entity.stored != nullptr && !entry.entity.stored->is_written) return;
  EncodeEntityRow(entry.entity, &row_);
  // Without any, that there are none is known anyway.
  const bool keeps_items = entry.entity.state->items.hash_sum() != Hash128{} &&
                           entry.items->ByteSize() <= kColdItemBytesMax;
  cold_.Put(ColdEntity(entry.key, *entry.entity.kind, row_,
                       keeps_items ? entry.items->Known() : std::string()));
}

CachedEntity* EntityCache::FindHot(std::string_view key) {
  const auto found = hot_by_key_.find(key);
  return found == hot_by_key_.end() ? nullptr : found->second;
}

void EntityCache::Applied(uint64_t batch, uint64_t next, CachedEntity& entity) {
  auto& staged = entity.staged_commands;
  staged.erase(staged.begin(), std::find_if(staged.begin(), staged.end(), [&](const auto& command) {
                 return command.second.sequence >= next;
               }));
  if (staged.empty()) staged.shrink_to_fit();
  entity.items->Applied(batch);
  Measure(entity);
}

void EntityCache::Measure(CachedEntity& entry) {
  hot_bytes_ -= entry.bytes;
  entry.bytes = kEntryBytes + ApproximateBytes(entry.entity) + entry.items->ByteSize();
  hot_bytes_ += entry.bytes;
}

void EntityCache::Drop(const CachedEntity& entry) {
  hot_bytes_ -= entry.bytes;
  hot_by_key_.erase(entry.key);
  const size_t slot = entry.slot;
  hot_.back()->slot = slot;
  std::swap(hot_[slot], hot_.back());
  hot_.pop_back();
}

CachedEntity* EntityCache::AnyIdle(uint64_t applied_batch) {
  if (hot_.empty()) return nullptr;
  const size_t from = random_() % hot_.size();
  for (size_t i = 0; i < hot_.size(); ++i) {
    CachedEntity& entry = *hot_[(from + i) % hot_.size()];
    if (entry.last_batch <= applied_batch) return &entry;
  }
  return nullptr;
}

bool EntityCache::IsTooHot() const {
  return hot_.size() > bounds_.hot_entities_max ||
         (ByteSize() > bounds_.bytes_max && hot_bytes_ > bounds_.HotBytesKept());
}

void EntityCache::EvictIdle(uint64_t applied_batch) {
  while (IsTooHot()) {
    const CachedEntity* idle = AnyIdle(applied_batch);
    if (idle == nullptr) break;
    Cool(*idle);
    Drop(*idle);
  }
  while (IsTooMuch() && cold_.size() > 0) cold_.DropOne();
  while (IsTooMuch()) {
    const CachedEntity* idle = AnyIdle(applied_batch);
    if (idle == nullptr) break;
    Drop(*idle);
  }
}

}  // namespace sluice
