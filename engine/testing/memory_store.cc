#include "engine/testing/memory_store.h"

#include "events/codec.h"

namespace sluice::testing {

MemoryStore::MemoryStore(const KindRegistry& kinds, uint32_t partition)
    : kinds_(kinds), partition_(partition) {
  Wipe();
  Flush();
}

void MemoryStore::Wipe() {
  image_ = {};
  image_.state.partition = partition_;
}

MemoryStore::Image MemoryStore::Copy(const Image& image) const {
  Image copy;
  copy.state = image.state;
  copy.remembered = image.remembered;
  for (const auto& [key, stored] : image.entities) {
    Stored twin;
    twin.entity = stored.entity;
    twin.items = std::make_shared<MapItems>(*stored.items);
    twin.entity.state = stored.entity.state->Clone();
    twin.entity.state->items.set_source(twin.items.get());
    twin.entity.source = twin.items;
    copy.entities.emplace(key, std::move(twin));
  }
  return copy;
}

MemoryStore::Stored& MemoryStore::StoredOf(const EntityKey& key) {
  const std::string text = key.ToString();
  if (const auto found = image_.entities.find(text); found != image_.entities.end()) {
    return found->second;
  }
  Stored stored;
  stored.entity.kind = kinds_.Find(key.kind);
  CHECK(stored.entity.kind != nullptr);
  stored.items = std::make_shared<MapItems>();
  stored.entity.state = stored.entity.kind->make();
  stored.entity.state->items.set_source(stored.items.get());
  stored.entity.source = stored.items;
  return image_.entities.emplace(text, std::move(stored)).first->second;
}

Result<LoadedEntity> MemoryStore::Load(const EntityKey& key) {
  if (!kinds_.Find(key.kind)) return Err(ErrorCode::kInvalid, "no kind {}", key.kind);
  const Stored& stored = StoredOf(key);
  LoadedEntity loaded = stored.entity;
  // The caller stages over the items and replaces the state; ours must not hear of it.
  loaded.state = stored.entity.state->Clone();
  return loaded;
}

std::shared_ptr<const ItemSource> MemoryStore::ItemsOf(const EntityKey& key) {
  return StoredOf(key).items;
}

Result<std::optional<RememberedCommand>> MemoryStore::FindCommand(std::string_view entity,
                                                                  std::string_view id,
                                                                  const StoredForm*) {
  return image_.remembered.Find(entity, id);
}

Result<void> MemoryStore::ScanTimers(const TimerVisitor& visit) {
  for (const auto& [key, stored] : image_.entities) {
    for (const Timer& timer : stored.entity.state->relations_part().timers) {
      visit(timer.due, key, timer.id);
    }
  }
  return {};
}

Result<void> MemoryStore::ScanMarked(const MarksVisitor& visit) {
  for (const auto& [key, stored] : image_.entities) {
    const EntityMarks& marks = stored.entity.marks;
    if (!marks.quarantined.empty() || !marks.parked.empty()) visit(key, marks);
  }
  return {};
}

Result<void> MemoryStore::Apply(const AppliedBatch& batch) {
  for (const auto& [key, touched] : batch.touched) {
    Stored& stored = StoredOf(KeyOrDie(key));
    stored.items->Take(touched.items);
    stored.entity.marks = touched.entity.marks;
    stored.entity.sequence = touched.entity.sequence;
    stored.entity.state = touched.entity.state->Clone();
    stored.entity.state->items.set_source(stored.items.get());
  }
  image_.remembered.Take(batch);
  image_.state = batch.after;
  return {};
}

Result<void> MemoryStore::CatchUp(const Journal& journal) {
  Result<void> folded;
  auto read = journal.ReadEvents(
      partition_, image_.state.next_sequence, [&](uint64_t, std::string_view bytes) {
        Result<LogRecord> record = Unpack<LogRecord>(bytes);
        if (!record) {
          folded = tl::unexpected<Error>(record.error());
          return false;
        }
        folded = FoldPartition(image_.state, *record, bytes);
        if (!folded) return false;
        if (!record->decision) return true;
        if (const std::string_view entity = FoldedEntity(*record->decision); !entity.empty()) {
          Stored& stored = StoredOf(KeyOrDie(entity));
          folded = FoldEntity(stored.entity, *record->decision, record->sequence);
          if (!folded) return false;
          stored.items->Take(stored.entity.state->items.TakeChanges());
        }
        image_.remembered.Take(*record->decision, record->sequence);
        return true;
      });
  if (!read) return read;
  return folded;
}

std::map<std::string, Hash128> MemoryStore::Hashes() const {
  std::map<std::string, Hash128> hashes;
  for (const auto& [key, stored] : image_.entities) {
    if (stored.entity.state->version == 0 && stored.entity.state->relations_part() == Relations{}) {
      continue;  // looked at, never was
    }
    hashes[key] = stored.entity.state->Hash();
  }
  return hashes;
}

const EntityState* MemoryStore::Find(std::string_view entity) const {
  const auto found = image_.entities.find(entity);
  return found == image_.entities.end() ? nullptr : found->second.entity.state.get();
}

std::vector<std::string> MemoryStore::EntityKeys() const {
  std::vector<std::string> keys;
  for (const auto& [key, stored] : image_.entities) keys.push_back(key);
  return keys;
}

}  // namespace sluice::testing
