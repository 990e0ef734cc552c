// What snapshots are for: stores to begin from.
#include <algorithm>

#include "projections/snapshots/snapshots.h"

namespace sluice {
namespace {

constexpr size_t kOpenMax = 16;

}  // namespace

Result<std::shared_ptr<PartitionStore>> Snapshots::OpenStore(const std::filesystem::path& snapshot,
                                                             uint32_t partition) const {
  StoreOptions store;
  store.path = PartitionDirectory(snapshot, partition).string();
  store.partition = partition;
  store.kinds = options_.kinds;
  store.memory = options_.memory;
  auto opened = PartitionStore::OpenFrozen(std::move(store));
  if (!opened) return tl::unexpected(opened.error());
  return std::shared_ptr<PartitionStore>(std::move(*opened));
}

// Under mutex_.
Result<std::shared_ptr<PartitionStore>> Snapshots::OpenKept(const SnapshotManifest& manifest,
                                                            uint32_t partition) {
  const Key key{manifest.name, partition};
  const auto found =
      std::find_if(open_.begin(), open_.end(), [&](const auto& open) { return open.first == key; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return found->second;
  }
  const SnapshotPartition& wanted = manifest.partitions[partition];
  if (auto chains = CheckChain(wanted); !chains) return tl::unexpected(chains.error());
  auto store = OpenStore(PathOf(manifest.name), partition);
  if (!store) return store;
  const PartitionState& applied = (*store)->applied();
  if (applied.next_sequence != wanted.next || applied.chain != wanted.chain) {
    return Err(ErrorCode::kCorruption, "it is at another position than its manifest says");
  }
  open_.emplace_front(key, *store);
  if (open_.size() > std::max(kOpenMax, 2 * stores_.size())) open_.pop_back();
  return store;
}

std::shared_ptr<PartitionStore> Snapshots::Before(uint32_t partition, uint64_t next) {
  const std::lock_guard lock(mutex_);
  while (true) {
    const SnapshotManifest* nearest = nullptr;
    for (const SnapshotManifest& manifest : usable_) {
      const uint64_t at = manifest.partitions[partition].next;
      if (at == 0 || at > next || unusable_.contains({manifest.name, partition})) continue;
      if (nearest == nullptr || at > nearest->partitions[partition].next) nearest = &manifest;
    }
    if (nearest == nullptr) return nullptr;
    auto store = OpenKept(*nearest, partition);
    if (store) return *store;
    // The log says the same from its beginning: it only takes longer.
    unusable_.insert({nearest->name, partition});
    if (options_.on_notice) {
      options_.on_notice(fmt::format("snapshot {} is not used for partition {}: {}", nearest->name,
                                     partition, store.error().message));
    }
  }
}

Result<std::vector<std::shared_ptr<PartitionStore>>> Snapshots::Named(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const SnapshotManifest* wanted = nullptr;
  for (const SnapshotManifest& manifest : usable_) {
    if (name == kLatestSnapshot || manifest.name == name) wanted = &manifest;
  }
  if (wanted == nullptr) {
    return Err(ErrorCode::kNotFound, "there is no snapshot{} that this build can read",
               name == kLatestSnapshot ? "" : " " + name);
  }
  std::vector<std::shared_ptr<PartitionStore>> stores;
  for (const SnapshotPartition& partition : wanted->partitions) {
    auto store = OpenKept(*wanted, partition.partition);
    if (!store) {
      return Err(store.error().code, "snapshot {}: {}", wanted->name, store.error().message);
    }
    stores.push_back(std::move(*store));
  }
  return stores;
}

Result<SnapshotManifest> Snapshots::Restore(const std::string& name) {
  auto verified = Verify(name, nullptr, {});
  if (!verified) return tl::unexpected(verified.error());
  if (!verified->readable) {
    return Err(ErrorCode::kInvalid,
               "snapshot {} was written by build {} with other schemas; the projections are "
               "derived from the log instead",
               name, verified->manifest.build);
  }
  for (uint32_t partition = 0; partition < stores_.size(); ++partition) {
    auto reset = stores_[partition]->ResetTo(PartitionDirectory(PathOf(name), partition).string());
    if (!reset) return tl::unexpected(reset.error());
  }
  return verified->manifest;
}

std::optional<std::string> Snapshots::Seed(uint32_t partition) {
  std::vector<SnapshotManifest> usable;
  {
    const std::lock_guard lock(mutex_);
    usable = usable_;
  }
  std::stable_sort(usable.begin(), usable.end(), [&](const auto& a, const auto& b) {
    return a.partitions[partition].next > b.partitions[partition].next;
  });
  for (const SnapshotManifest& manifest : usable) {
    const SnapshotPartition& wanted = manifest.partitions[partition];
    if (wanted.next == 0 || !CheckChain(wanted)) continue;
    if (!CheckPartitionFiles(PathOf(manifest.name), wanted)) continue;
    const auto directory = PartitionDirectory(PathOf(manifest.name), partition);
    if (stores_[partition]->ResetTo(directory.string())) return manifest.name;
  }
  return std::nullopt;
}

}  // namespace sluice
