// What a fork's partition keeps while it is decided: its entities, in memory, and the log it makes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/journal/journal.h"
#include "projections/item_layer.h"
#include "projections/remembered_commands.h"
#include "projections/state_store.h"
#include "replay/memory_archive.h"

namespace sluice::replay {

// Used by one thread.
class ForkStore final : public StateStore {
 public:
  ForkStore(const KindRegistry& kinds, uint32_t partition) : kinds_(kinds) {
    state_.partition = partition;
  }

  const PartitionState& applied() const override { return state_; }
  Result<LoadedEntity> Load(const EntityKey& key) override;
  std::shared_ptr<const ItemSource> ItemsOf(const EntityKey& key) override;
  Result<std::optional<RememberedCommand>> FindCommand(std::string_view entity, std::string_view id,
                                                       const StoredForm*) override;
  Result<void> ScanTimers(const TimerVisitor& visit) override;
  Result<void> ScanMarked(const MarksVisitor& visit) override;
  Result<void> Apply(const AppliedBatch& batch) override;

  template <class Visitor>  // (entity, state)
  void Visit(const Visitor& visit) const {
    for (const auto& [entity, stored] : entities_) visit(entity, *stored.entity.state);
  }
  // Null: it never was.
  const EntityState* Find(std::string_view entity) const;

 private:
  struct Stored {
    LoadedEntity entity;
    std::shared_ptr<ItemLayer> items;
  };
  Stored& StoredOf(const std::string& entity);

  const KindRegistry& kinds_;
  PartitionState state_;
  std::map<std::string, Stored, std::less<>> entities_;
  RememberedCommands remembered_;
};

// A partition of the log the fork makes: only written and read back, its inputs come from
// elsewhere.
class ForkLog final : public PartitionJournal {
 public:
  ForkLog(MemoryArchive& log, uint32_t partition) : log_(log), partition_(partition) {}

  uint64_t EndSequence() const override { return log_.End(partition_); }
  Result<void> ReadEvents(uint64_t from, const RecordVisitor& visitor) override;
  Result<void> StartInputs(InputOffsets) override { return {}; }
  Result<size_t> Poll(Input, const PollLimits&, std::vector<InputRecord>*) override {
    return size_t{0};
  }
  std::optional<uint64_t> InputsWaiting() const override { return 0; }
  void SetWakeup(std::function<void()>) override {}
  void Commit(CommitBatch batch, CommitDone done) override;

 private:
  MemoryArchive& log_;
  const uint32_t partition_;
};

}  // namespace sluice::replay
