// FaultyStore: a node's store of one partition, which fails when the simulation says so.
#pragma once

#include "engine/testing/memory_store.h"

namespace sluice::simulator {

// Counts calls down to the one that fails.
class Fuse {
 public:
  void Set(uint64_t calls) { calls_left_ = calls; }
  void Heal() { *this = {}; }
  bool blown() const { return blown_; }
  // Whether this call fails.
  bool Blows() {
    if (calls_left_ == 0 || --calls_left_ > 0) return false;
    blown_ = true;
    return true;
  }

 private:
  uint64_t calls_left_ = 0;  // 0: none fails
  bool blown_ = false;
};

// An entity's items in a store that fails.
class FaultyItems final : public ItemSource {
 public:
  FaultyItems(std::shared_ptr<const ItemSource> items, Fuse& fuse)
      : items_(std::move(items)), fuse_(fuse) {}

  std::optional<Bytes> Get(const ItemKey& key) const override {
    if (fuse_.Blows()) throw LoadFailure("the store fails to load an item");
    return items_->Get(key);
  }
  void Scan(CollectionId collection, std::string_view from,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    if (fuse_.Blows()) throw LoadFailure("the store fails to scan items");
    items_->Scan(collection, from, visit);
  }

 private:
  std::shared_ptr<const ItemSource> items_;
  Fuse& fuse_;
};

class FaultyStore final : public StateStore {
 public:
  FaultyStore(const KindRegistry& kinds, uint32_t partition) : store_(kinds, partition) {}

  testing::MemoryStore& memory() { return store_; }
  const testing::MemoryStore& memory() const { return store_; }

  // The `calls`th call from now on fails, once.
  void FailAfter(uint64_t calls) { fuse_.Set(calls); }
  void Heal() { fuse_.Heal(); }
  bool failed() const { return fuse_.blown(); }

  const PartitionState& applied() const override { return store_.applied(); }
  Result<LoadedEntity> Load(const EntityKey& key) override {
    if (fuse_.Blows()) return Err(ErrorCode::kIo, "the store fails to load");
    Result<LoadedEntity> loaded = store_.Load(key);
    if (!loaded) return loaded;
    auto items = std::make_shared<FaultyItems>(loaded->source, fuse_);
    loaded->state->items.set_source(items.get());
    loaded->source = std::move(items);
    return loaded;
  }
  std::shared_ptr<const ItemSource> ItemsOf(const EntityKey& key) override {
    return std::make_shared<FaultyItems>(store_.ItemsOf(key), fuse_);
  }
  Result<std::optional<RememberedCommand>> FindCommand(std::string_view entity, std::string_view id,
                                                       const StoredForm* stored) override {
    if (fuse_.Blows()) return Err(ErrorCode::kIo, "the store fails to find");
    return store_.FindCommand(entity, id, stored);
  }
  Result<void> ScanTimers(const TimerVisitor& visit) override { return store_.ScanTimers(visit); }
  Result<void> ScanMarked(const MarksVisitor& visit) override { return store_.ScanMarked(visit); }
  Result<void> Apply(const AppliedBatch& batch) override {
    if (fuse_.Blows()) return Err(ErrorCode::kIo, "the store fails to apply");
    return store_.Apply(batch);
  }

 private:
  testing::MemoryStore store_;
  Fuse fuse_;
};

}  // namespace sluice::simulator
