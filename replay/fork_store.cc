#include "replay/fork_store.h"

#include "machines/common/context.h"

namespace sluice::replay {

ForkStore::Stored& ForkStore::StoredOf(const std::string& entity) {
  const auto found = entities_.find(entity);
  if (found != entities_.end()) return found->second;
  Stored stored;
  stored.entity.kind = kinds_.Find(KeyOrDie(entity).kind);
  CHECK(stored.entity.kind != nullptr);
  stored.items = std::make_shared<ItemLayer>();
  stored.entity.state = stored.entity.kind->make();
  stored.entity.state->items.set_source(stored.items.get());
  stored.entity.source = stored.items;
  return entities_.emplace(entity, std::move(stored)).first->second;
}

Result<LoadedEntity> ForkStore::Load(const EntityKey& key) {
  if (kinds_.Find(key.kind) == nullptr) {
    return Err(ErrorCode::kInvalid, "there is no kind {}", key.kind);
  }
  LoadedEntity loaded = StoredOf(key.ToString()).entity;
  // Whoever loads stages over the items and replaces the state; what is kept here must not hear.
  loaded.state = std::shared_ptr<EntityState>(loaded.state->Clone());
  return loaded;
}

std::shared_ptr<const ItemSource> ForkStore::ItemsOf(const EntityKey& key) {
  return StoredOf(key.ToString()).items;
}

Result<std::optional<RememberedCommand>> ForkStore::FindCommand(std::string_view entity,
                                                                std::string_view id,
                                                                const StoredForm*) {
  return remembered_.Find(entity, id);
}

Result<void> ForkStore::ScanTimers(const TimerVisitor& visit) {
  for (const auto& [key, stored] : entities_) {
    for (const Timer& timer : stored.entity.state->relations_part().timers) {
      visit(timer.due, key, timer.id);
    }
  }
  return {};
}

Result<void> ForkStore::ScanMarked(const MarksVisitor& visit) {
  for (const auto& [key, stored] : entities_) {
    const EntityMarks& marks = stored.entity.marks;
    if (!marks.quarantined.empty() || !marks.parked.empty()) visit(key, marks);
  }
  return {};
}

Result<void> ForkStore::Apply(const AppliedBatch& batch) {
  for (const auto& [key, touched] : batch.touched) {
    Stored& stored = StoredOf(key);
    stored.items->Take(touched.items);
    stored.entity.marks = touched.entity.marks;
    stored.entity.sequence = touched.entity.sequence;
    stored.entity.state = std::shared_ptr<EntityState>(touched.entity.state->Clone());
    stored.entity.state->items.set_source(stored.items.get());
  }
  remembered_.Take(batch);
  state_ = batch.after;
  return {};
}

const EntityState* ForkStore::Find(std::string_view entity) const {
  const auto found = entities_.find(entity);
  return found == entities_.end() ? nullptr : found->second.entity.state.get();
}

Result<void> ForkLog::ReadEvents(uint64_t from, const RecordVisitor& visitor) {
  return log_.Read(partition_, from, visitor);
}

void ForkLog::Commit(CommitBatch batch, CommitDone done) {
  Result<void> added;
  for (Bytes& record : batch.records) {
    if (added) added = log_.Add(partition_, std::move(record));
  }
  done(std::move(added));
}

}  // namespace sluice::replay
