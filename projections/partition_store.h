// PartitionStore: the projections of one partition in RocksDB: entities and their items, indexes,
// history, remembered commands, timers and counts, all as of one applied position.
//
// One thread, the partition's, loads and applies; queries read views from any thread. There is no
// write-ahead log: after a crash the store is at an earlier position and Recover (recovery.h) goes
// on from there. docs/formats/projections.md says what is stored.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "projections/batch_projection.h"
#include "projections/counts.h"
#include "projections/state_store.h"
#include "projections/store_db.h"
#include "projections/store_view.h"
#include "projections/write_sink.h"

namespace sluice {

class ChangeFeed;

struct StoreOptions {
  std::string path;  // a directory of its own; made where its parent exists
  uint32_t partition = 0;
  const KindRegistry* kinds = nullptr;  // outlives the store
  std::shared_ptr<StoreMemory> memory;  // shared by a node's partitions; null: a small one
  ChangeFeed* feed = nullptr;           // told of every change applied; outlives the store
  rocksdb::Env* env = nullptr;          // where files are; null: the host's
  // A flush begins after so many decisions or bytes of rows, so that a restart replays little; or
  // sooner, when memtables take all that `memory` gives them.
  size_t flush_decisions = 200'000;
  size_t flush_bytes = size_t{48} << 20;
  // Called when what was stored cannot be used and is derived from the log anew: says why.
  std::function<void(const std::string&)> on_rebuild;
};

class PartitionStore final : public StateStore {
 public:
  // Opens what is at `path`, or an empty store: also where what was there is damaged or of another
  // build, which is removed. kUnavailable: a process holds it. kIo.
  static Result<std::unique_ptr<PartitionStore>> Open(StoreOptions options);
  // What Checkpoint left at `options.path`, to be read only, from any thread. Errors as
  // OpenFrozenStoreDb's.
  static Result<std::unique_ptr<PartitionStore>> OpenFrozen(StoreOptions options);
  // Flushes.
  ~PartitionStore() override;

  // --- The partition's thread ---
  const PartitionState& applied() const override { return applied_; }
  Result<LoadedEntity> Load(const EntityKey& key) override;
  std::shared_ptr<const ItemSource> ItemsOf(const EntityKey& key) override;
  Result<std::optional<RememberedCommand>> FindCommand(std::string_view entity, std::string_view id,
                                                       const StoredForm* stored) override;
  Result<void> ScanTimers(const TimerVisitor& visit) override;
  Result<void> ScanMarked(const MarksVisitor& visit) override;
  // One write, then the change feed hears of it. After an error every later Apply fails: open anew.
  Result<void> Apply(const AppliedBatch& batch) override;

  // Recovery: writes a projection made elsewhere.
  Result<void> ApplyProjection(BatchProjection& projection, const PartitionState& after);
  // Entities in order of their rows, each valid until the next call; null ends them.
  using EntitySource = std::function<Result<const ProjectedEntity*>()>;
  struct ReplayedSize {
    size_t decisions = 0;
    bool sorted_files = false;  // see MakeFileSink
  };
  // The same of one that is made while it is written. Nothing is, if `next` fails. The change feed
  // is told that it knows nothing of what came before.
  Result<void> ApplyReplayed(const EntitySource& next, const PartitionState& after,
                             const ReplayedSize& size);
  // Empties the store. Views and entities made before go on reading what was there.
  Result<void> Reset();
  // What Checkpoint left in `directory` takes the place of what is here, which stays where that
  // cannot be used. Readers as of Reset.
  Result<void> ResetTo(const std::string& directory);
  // Everything applied is on disk when it returns.
  Result<void> Flush();

  // --- Any thread ---
  uint32_t partition() const { return options_.partition; }
  bool has_feed() const { return options_.feed != nullptr; }
  const KindRegistry& kinds() const { return *options_.kinds; }
  // One past the last decision applied.
  uint64_t NextSequence() const { return next_sequence_.load(std::memory_order_acquire); }
  std::shared_ptr<const StoreView> View() const;
  // Everything of one applied position as files in `directory`, linked to the store's own; it must
  // not be there. Which position that is, OpenFrozen says: the partition's thread goes on
  // meanwhile.
  Result<void> Checkpoint(const std::string& directory) const;
  std::map<Counts::Key, uint64_t> CountsByPhase() const { return counts_.All(); }
  uint64_t DiskBytes() const;
  // How often a decision found something not in memory since it was opened: entities, single items
  // and scans of them.
  uint64_t Reads() const;
  // How many memtables were closed to be written out since it was opened, whoever began it.
  uint64_t MemtablesClosed() const;

 private:
  explicit PartitionStore(StoreOptions options);
  Result<void> OpenDb();
  std::shared_ptr<const StoreDb> Db() const;
  Result<void> TakeDb(Result<std::shared_ptr<StoreDb>> db);
  Result<void> ReadState();
  Result<void> ReadCounts();
  Result<void> Project(const AppliedBatch& batch, BatchProjection* projection);
  Result<StoredForm*> StoredOf(const std::string& key, const LoadedEntity& entity,
                               std::map<std::string, std::shared_ptr<StoredForm>>* read);
  // Returns how many bytes of it are in memory only.
  Result<size_t> WriteBatch(const EntitySource& next, const PartitionState& after,
                            bool sorted_files);
  Result<void> WriteEntities(const EntitySource& next, WriteSink& sink);
  Result<std::optional<RememberedCommand>> FindCommandRow(std::string_view entity_prefix,
                                                          Hash128 id) const;
  Result<void> WriteCommands(const ProjectedEntity& entity, WriteSink& sink);
  Result<void> FlushIfDue(size_t decisions, size_t bytes);
  StoreDbOptions DbOptions() const;

  StoreOptions options_;
  Hash128 fingerprint_;
  std::shared_ptr<StoreDb> db_;  // replaced by the partition's thread, under the mutex
  mutable std::mutex db_mutex_;
  PartitionState applied_;
  std::atomic<uint64_t> next_sequence_ = 0;
  Counts counts_;
  uint64_t seals_seen_ = 0;  // of db_; what was written before the last is not unflushed
  size_t unflushed_decisions_ = 0;
  size_t unflushed_bytes_ = 0;
  bool broken_ = false;
};

// Rows of an entity that do not need the store. Counts what changed phase into `counts`.
void WriteProjectedEntity(const ProjectedEntity& entity, WriteSink& sink,
                          std::map<Counts::Key, int64_t>* counts);

}  // namespace sluice
