// MemoryStore: a StateStore in memory that forgets as the real one may.
//
// The real store has no write-ahead log: after a crash it stands at its last flush. MemoryStore
// keeps a flushed image beside the present one; LoseUnflushed goes back to it, Wipe to nothing.
// CatchUp folds the log from there, as recovery does, checking every chain and hash on the way.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/journal/journal.h"
#include "machines/common/testing/map_items.h"
#include "projections/remembered_commands.h"
#include "projections/state_store.h"

namespace sluice::testing {

class MemoryStore final : public StateStore {
 public:
  MemoryStore(const KindRegistry& kinds, uint32_t partition);

  const PartitionState& applied() const override { return image_.state; }
  Result<LoadedEntity> Load(const EntityKey& key) override;
  std::shared_ptr<const ItemSource> ItemsOf(const EntityKey& key) override;
  Result<std::optional<RememberedCommand>> FindCommand(std::string_view entity, std::string_view id,
                                                       const StoredForm*) override;
  Result<void> ScanTimers(const TimerVisitor& visit) override;
  Result<void> ScanMarked(const MarksVisitor& visit) override;
  Result<void> Apply(const AppliedBatch& batch) override;

  void Flush() { flushed_ = Copy(image_); }
  void LoseUnflushed() { image_ = Copy(flushed_); }
  void Wipe();
  // Folds what the log holds beyond the applied position.
  Result<void> CatchUp(const Journal& journal);

  // The hash of every entity's state, by key, for comparisons.
  std::map<std::string, Hash128> Hashes() const;
  const EntityState* Find(std::string_view entity) const;
  std::vector<std::string> EntityKeys() const;

 private:
  struct Stored {
    LoadedEntity entity;
    std::shared_ptr<MapItems> items;
  };
  struct Image {
    PartitionState state;
    std::map<std::string, Stored, std::less<>> entities;
    RememberedCommands remembered;
  };
  // Deep: nothing of the copy is shared.
  Image Copy(const Image& image) const;
  Stored& StoredOf(const EntityKey& key);

  const KindRegistry& kinds_;
  uint32_t partition_;
  Image image_;
  Image flushed_;
};

}  // namespace sluice::testing
