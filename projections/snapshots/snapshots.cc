#include "projections/snapshots/snapshots.h"

#include <sys/stat.h>

#include <algorithm>

#include "projections/snapshots/file_hash_adapter.h"
#include "projections/snapshots/quietly.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

}  // namespace

Snapshots::Snapshots(SnapshotsOptions options, std::vector<PartitionStore*> stores)
    : options_(std::move(options)),
      stores_(std::move(stores)),
      schemas_(BuildFingerprint(*options_.kinds)) {
  SweepSnapshots(options_.directory);
  ReadList();
}

void Snapshots::ReadList() {
  std::vector<SnapshotManifest> usable;
  for (SnapshotEntry& entry : ListSnapshots(options_.directory)) {
    if (!entry.fault.empty() || entry.manifest->schemas != schemas_) continue;
    if (entry.manifest->partitions.size() != stores_.size()) continue;
    usable.push_back(std::move(*entry.manifest));
  }
  const std::lock_guard lock(mutex_);
  usable_ = std::move(usable);
  std::erase_if(open_, [&](const auto& open) {
    return std::none_of(usable_.begin(), usable_.end(),
                        [&](const auto& one) { return one.name == open.first.first; });
  });
}

Result<void> Snapshots::Step(const std::string& step) const {
  return options_.before_step ? options_.before_step(step) : Result<void>();
}

std::vector<SnapshotEntry> Snapshots::List() const { return ListSnapshots(options_.directory); }

Result<SnapshotManifest> Snapshots::Take() {
  const std::lock_guard changing(changing_);
  SnapshotManifest manifest{.name = "",
                            .time = options_.now(),
                            .cluster = options_.cluster,
                            .epoch = options_.epoch,
                            .build = options_.build,
                            .node = options_.node,
                            .schemas = schemas_,
                            .partitions = {}};
  std::error_code error;
  while (fs::exists(PathOf(NameOfTime(manifest.time)), error)) manifest.time.us += 1;
  manifest.name = NameOfTime(manifest.time);
  if (auto go = Step("begin"); !go) return tl::unexpected(go.error());
  auto unfinished = BeginSnapshot(options_.directory, manifest.name);
  if (!unfinished) return tl::unexpected(unfinished.error());
  seen_.clear();
  auto taken = TakeInto(*unfinished, &manifest);
  if (!taken) {
    fs::remove_all(*unfinished, error);
    return tl::unexpected(taken.error());
  }
  known_ = std::move(seen_);
  ReadList();
  return manifest;
}

Result<void> Snapshots::TakeInto(const fs::path& unfinished, SnapshotManifest* manifest) {
  for (uint32_t partition = 0; partition < stores_.size(); ++partition) {
    auto taken = TakePartition(unfinished, partition);
    if (!taken) return tl::unexpected(taken.error());
    manifest->partitions.push_back(std::move(*taken));
  }
  return FinishSnapshot(unfinished, *manifest, options_.before_step);
}

Result<SnapshotPartition> Snapshots::TakePartition(const fs::path& unfinished, uint32_t partition) {
  const std::string number = std::to_string(partition);
  const fs::path directory = PartitionDirectory(unfinished, partition);
  if (auto go = Step("checkpoint " + number); !go) return tl::unexpected(go.error());
  if (auto made = stores_[partition]->Checkpoint(directory.string()); !made) {
    return tl::unexpected(made.error());
  }
  if (auto go = Step("hash " + number); !go) return tl::unexpected(go.error());
  // All of the first one's bytes: commands go before them.
  auto files = Quietly([&] { return HashFiles(directory); });
  if (!files) return tl::unexpected(files.error());
  if (auto go = Step("read " + number); !go) return tl::unexpected(go.error());
  // What was taken says where it was taken.
  auto store = OpenStore(unfinished, partition);
  if (!store) return tl::unexpected(store.error());
  const PartitionState& applied = (*store)->applied();
  SnapshotPartition taken{.partition = partition,
                          .next = applied.next_sequence,
                          .term = applied.term,
                          .chain = applied.chain,
                          .decision_time = applied.decision_time,
                          .files = std::move(*files)};
  if (auto chains = CheckChain(taken); !chains) {
    return Err(ErrorCode::kUnavailable, "{}; its projections are about to be derived anew",
               chains.error().message);
  }
  return taken;
}

Result<std::vector<SnapshotFile>> Snapshots::HashFiles(const fs::path& directory) {
  std::vector<SnapshotFile> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    struct stat about {};
    if (::stat(entry.path().c_str(), &about) != 0) {
      return Err(ErrorCode::kIo, "cannot read {}", entry.path().string());
    }
    const FileId id{about.st_dev, about.st_ino};
    KnownFile file{.bytes = static_cast<uint64_t>(about.st_size),
                   .modified_ns = about.st_mtim.tv_sec * 1'000'000'000 + about.st_mtim.tv_nsec,
                   .hash = {}};
    // A table never changes: the last snapshot had this very file, and read it.
    const auto known = known_.find(id);
    if (known != known_.end() && known->second.bytes == file.bytes &&
        known->second.modified_ns == file.modified_ns) {
      file.hash = known->second.hash;
    } else {
      auto hash = HashOfFile(entry.path());
      if (!hash) return tl::unexpected(hash.error());
      file.hash = *hash;
    }
    seen_[id] = file;
    files.push_back(
        {.name = entry.path().filename().string(), .bytes = file.bytes, .hash = file.hash});
  }
  if (error) return Err(ErrorCode::kIo, "cannot read {}: {}", directory.string(), error.message());
  std::sort(files.begin(), files.end(),
            [](const SnapshotFile& a, const SnapshotFile& b) { return a.name < b.name; });
  return files;
}

Result<void> Snapshots::CheckChain(const SnapshotPartition& partition) const {
  if (partition.next == 0) return {};
  const uint64_t last = partition.next - 1;
  const std::string position = FormatPosition(partition.partition, last);
  bool there = false;
  bool chains = false;
  auto read = options_.read_events(partition.partition, last,
                                   [&](uint64_t sequence, std::string_view bytes) {
                                     if (sequence != last) return false;
                                     there = true;
                                     // On Kafka a fenced owner's may stand under it, too.
                                     chains = Xxh128(bytes) == partition.chain;
                                     return !chains;
                                   });
  if (!read) return read;
  if (chains) return {};
  if (!there) return Err(ErrorCode::kInvalid, "{} is not in the log", position);
  return Err(ErrorCode::kInvalid, "{} is another record in the log", position);
}

Result<void> Snapshots::CheckPlace(const SnapshotManifest& manifest) const {
  if (manifest.partitions.size() != stores_.size()) {
    return Err(ErrorCode::kInvalid, "snapshot {} has {} partitions, the log has {}", manifest.name,
               manifest.partitions.size(), stores_.size());
  }
  for (const SnapshotPartition& partition : manifest.partitions) {
    if (auto chains = CheckChain(partition); !chains) {
      return Err(chains.error().code, "snapshot {} is of another log: {}", manifest.name,
                 chains.error().message);
    }
  }
  return {};
}

Result<SnapshotManifest> Snapshots::ManifestNamed(const std::string& name) const {
  auto entry = FindSnapshot(options_.directory, name);
  if (!entry) return tl::unexpected(entry.error());
  if (entry->fault.empty()) return std::move(*entry->manifest);
  return Err(ErrorCode::kCorruption, "snapshot {}: {}", name, entry->fault);
}

Result<SnapshotVerified> Snapshots::Verify(const std::string& name,
                                           const BytesProgress& on_progress,
                                           std::stop_token stop) const {
  auto manifest = ManifestNamed(name);
  if (!manifest) return tl::unexpected(manifest.error());
  const auto check = [&] { return CheckFiles(PathOf(name), *manifest, on_progress, stop); };
  if (auto good = Quietly(check); !good) {
    return Err(good.error().code, "snapshot {}: {}", name, good.error().message);
  }
  if (auto place = CheckPlace(*manifest); !place) return tl::unexpected(place.error());
  SnapshotVerified verified{.manifest = *manifest, .readable = manifest->schemas == schemas_};
  if (!verified.readable) return verified;
  for (const SnapshotPartition& partition : manifest->partitions) {
    auto store = OpenStore(PathOf(name), partition.partition);
    if (!store) return tl::unexpected(store.error());
    const PartitionState& applied = (*store)->applied();
    if (applied.next_sequence != partition.next || applied.chain != partition.chain) {
      return Err(ErrorCode::kCorruption, "snapshot {}: partition {} is at {}, its manifest says {}",
                 name, partition.partition, applied.next_sequence, partition.next);
    }
  }
  return verified;
}

Result<std::vector<std::string>> Snapshots::Prune(size_t keep) {
  const std::lock_guard changing(changing_);
  const std::vector<SnapshotEntry> entries = List();
  std::vector<std::string> removed;
  size_t whole = 0;
  bool anchored = false;  // one newer than the rest verifies
  std::vector<std::string> gone;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (anchored && whole >= std::max<size_t>(keep, 1)) {
      gone.push_back(entry->name);
      continue;
    }
    if (!entry->fault.empty()) continue;
    ++whole;
    if (!anchored) anchored = Verify(entry->name, nullptr, {}).has_value();
  }
  // Oldest first: what a crash leaves is what a smaller prune would have left.
  std::reverse(gone.begin(), gone.end());
  for (const std::string& name : gone) {
    auto done = RemoveSnapshot(options_.directory, name, options_.before_step);
    if (!done) {
      ReadList();
      return tl::unexpected(done.error());
    }
    removed.push_back(name);
  }
  ReadList();
  return removed;
}

}  // namespace sluice
