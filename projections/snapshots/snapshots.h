// Snapshots: the projections of every partition as they were at a position each, kept on disk.
//
// One costs little: files that never change are linked, and nothing waits while it is taken. Its
// position is read from what was taken, so it is always that of its bytes. It holds nothing the log
// does not (I1): a read of the past, a verification or a store that is lost begins with it instead
// of the log's beginning. A kill at any moment leaves whole snapshots only (snapshot_files.h).
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "projections/past_stores.h"
#include "projections/recovery.h"
#include "projections/snapshots/snapshot_files.h"

namespace sluice {

struct SnapshotsOptions {
  std::string directory;  // made with the first one
  const KindRegistry* kinds = nullptr;
  std::shared_ptr<StoreMemory> memory;  // of stores that are read; null: a small one each
  std::string cluster;
  std::string epoch;
  std::string build;
  std::string node;
  std::function<Time()> now;
  // The log of a partition: Journal::ReadEvents.
  std::function<Result<void>(uint32_t partition, uint64_t from, const EventVisitor&)> read_events;
  std::function<void(const std::string&)> on_notice;
  BeforeStep before_step = nullptr;
};

// What was looked through, and how it stands to the log.
struct SnapshotVerified {
  SnapshotManifest manifest;
  bool readable = true;  // by this build: otherwise reads of the past pass it by
};

// Threadsafe. The stores outlive it.
class Snapshots final : public PastStores {
 public:
  // Sweeps away what a crash left.
  Snapshots(SnapshotsOptions options, std::vector<PartitionStore*> stores);

  // Of what is applied now; waits while another is taken or removed. kUnavailable: a store does not
  // chain to the log, which is being mended. kIo; nothing is left behind then.
  Result<SnapshotManifest> Take();
  // Oldest first, those that are not whole among them.
  std::vector<SnapshotEntry> List() const;
  // Files, their hashes, whether each store opens at its position, and the log's own hash there.
  // kNotFound. kCorruption says what is wrong. kInvalid: of another log.
  Result<SnapshotVerified> Verify(const std::string& name, const BytesProgress& on_progress,
                                  std::stop_token stop) const;
  // Removes what is older than the last `keep` whole ones, at least one. The newest that verifies
  // stays whatever its age; where none does, nothing is removed. The names of those removed.
  Result<std::vector<std::string>> Prune(size_t keep);

  // The stores become what they were in the snapshot; the log's rest is folded by the next
  // recovery. On the stores' thread, before anything uses them. Errors as Verify's.
  Result<SnapshotManifest> Restore(const std::string& name);
  // The same of one store that is empty, from the latest that can be used; nullopt: there is none.
  std::optional<std::string> Seed(uint32_t partition);

  std::shared_ptr<PartitionStore> Before(uint32_t partition, uint64_t next) override;
  Result<std::vector<std::shared_ptr<PartitionStore>>> Named(const std::string& name) override;

  // Where a snapshot's files are.
  std::filesystem::path PathOf(const std::string& name) const {
    return std::filesystem::path(options_.directory) / name;
  }

 private:
  using Key = std::pair<std::string, uint32_t>;  // name, partition
  using FileId = std::pair<uint64_t, uint64_t>;  // device, inode
  struct KnownFile {
    uint64_t bytes = 0;
    int64_t modified_ns = 0;
    Hash128 hash;
  };

  Result<void> TakeInto(const std::filesystem::path& unfinished, SnapshotManifest* manifest);
  Result<SnapshotPartition> TakePartition(const std::filesystem::path& unfinished,
                                          uint32_t partition);
  Result<std::vector<SnapshotFile>> HashFiles(const std::filesystem::path& directory);
  Result<void> Step(const std::string& step) const;
  Result<std::shared_ptr<PartitionStore>> OpenStore(const std::filesystem::path& snapshot,
                                                    uint32_t partition) const;
  // kInvalid: the record before `next` is not the one it was derived from.
  Result<void> CheckChain(const SnapshotPartition& partition) const;
  Result<void> CheckPlace(const SnapshotManifest& manifest) const;
  Result<std::shared_ptr<PartitionStore>> OpenKept(const SnapshotManifest& manifest,
                                                   uint32_t partition);
  Result<SnapshotManifest> ManifestNamed(const std::string& name) const;
  void ReadList();

  const SnapshotsOptions options_;
  const std::vector<PartitionStore*> stores_;
  const Hash128 schemas_;

  std::mutex changing_;  // one takes or prunes at a time
  // Of the files of the last one taken, which the next one shares; guarded by changing_.
  std::map<FileId, KnownFile> known_;
  std::map<FileId, KnownFile> seen_;  // of the one being taken

  std::mutex mutex_;
  std::vector<SnapshotManifest> usable_;  // whole and readable by this build
  std::set<Key> unusable_;                // found not to open or not to chain
  std::list<std::pair<Key, std::shared_ptr<PartitionStore>>> open_;  // used last first
};

}  // namespace sluice
