// FaultyStore: a node's store of one partition, which fails when the simulation says so.
#pragma once

#include "engine/testing/memory_store.h"

namespace sluice::simulator {

class FaultyStore final : public StateStore {
 public:
  FaultyStore(const KindRegistry& kinds, uint32_t partition) : store_(kinds, partition) {}

  testing::MemoryStore& memory() { return store_; }
  const testing::MemoryStore& memory() const { return store_; }

  // The `calls`th call from now on fails, once.
  void FailAfter(uint64_t calls) { calls_left_ = calls; }
  void Heal() {
    calls_left_ = 0;
    failed_ = false;
  }
  bool failed() const { return failed_; }

  const PartitionState& applied() const override { return store_.applied(); }
  Result<LoadedEntity> Load(const EntityKey& key) override {
    if (Fails()) return Err(ErrorCode::kIo, "the store fails to load");
    return store_.Load(key);
  }
  Result<std::optional<RememberedCommand>> FindCommand(std::string_view entity,
                                                       std::string_view id) override {
    if (Fails()) return Err(ErrorCode::kIo, "the store fails to find");
    return store_.FindCommand(entity, id);
  }
  Result<void> ScanTimers(const TimerVisitor& visit) override { return store_.ScanTimers(visit); }
  Result<void> ScanMarked(const MarksVisitor& visit) override { return store_.ScanMarked(visit); }
  Result<void> Apply(const AppliedBatch& batch) override {
    if (Fails()) return Err(ErrorCode::kIo, "the store fails to apply");
    return store_.Apply(batch);
  }

 private:
  bool Fails() {
    if (calls_left_ == 0 || --calls_left_ > 0) return false;
    failed_ = true;
    return true;
  }

  testing::MemoryStore store_;
  uint64_t calls_left_ = 0;  // 0: none fails
  bool failed_ = false;
};

}  // namespace sluice::simulator
