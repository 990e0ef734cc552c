#include "projections/snapshots/snapshot_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "projections/snapshots/file_hash_adapter.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnfinished = ".unfinished";
constexpr std::string_view kRemoved = ".removed";

Result<void> Before(const BeforeStep& before, const std::string& step) {
  return before ? before(step) : Result<void>();
}

Result<void> Failed(std::string_view doing, const fs::path& path, std::error_code error) {
  return Err(ErrorCode::kIo, "cannot {} {}: {}", doing, path.string(), error.message());
}

Result<void> SyncPath(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const std::error_code error(errno, std::generic_category());
  if (fd >= 0) ::close(fd);
  return synced ? Result<void>() : Failed("sync", path, error);
}

Result<SnapshotManifest> ReadManifest(const fs::path& snapshot) {
  std::ifstream in(snapshot / kManifestFile, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Err(ErrorCode::kCorruption, "it has no manifest");
  return ParseManifest(text.str());
}

// Whether every file is there with its size.
std::string MissingIn(const fs::path& snapshot, const SnapshotManifest& manifest) {
  for (const SnapshotPartition& partition : manifest.partitions) {
    const fs::path directory = PartitionDirectory(snapshot, partition.partition);
    for (const SnapshotFile& file : partition.files) {
      std::error_code error;
      const auto bytes = fs::file_size(directory / file.name, error);
      if (error) return fmt::format("{}/{} is missing", partition.partition, file.name);
      if (bytes != file.bytes) {
        return fmt::format("{}/{} has {} bytes instead of {}", partition.partition, file.name,
                           bytes, file.bytes);
      }
    }
  }
  return "";
}

SnapshotEntry EntryOf(const fs::path& snapshot) {
  SnapshotEntry entry{.name = snapshot.filename().string(), .manifest = {}, .fault = ""};
  auto manifest = ReadManifest(snapshot);
  if (!manifest) {
    entry.fault = manifest.error().message;
    return entry;
  }
  if (manifest->name != entry.name) {
    entry.fault = fmt::format("its manifest is that of {}", manifest->name);
    return entry;
  }
  entry.fault = MissingIn(snapshot, *manifest);
  entry.manifest = std::move(*manifest);
  return entry;
}

Result<void> CheckFile(const fs::path& directory, const SnapshotPartition& partition,
                       const SnapshotFile& file) {
  const auto hash = HashOfFile(directory / file.name);
  if (hash && *hash == file.hash) return {};
  return Err(ErrorCode::kCorruption, "{}/{}: {}", partition.partition, file.name,
             hash ? "its bytes are not those that were written" : hash.error().message);
}

}  // namespace

fs::path PartitionDirectory(const fs::path& snapshot, uint32_t partition) {
  return snapshot / std::to_string(partition);
}

std::vector<SnapshotEntry> ListSnapshots(const fs::path& directory) {
  std::vector<SnapshotEntry> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory(error) || name.ends_with(kUnfinished) || name.ends_with(kRemoved)) {
      continue;
    }
    entries.push_back(EntryOf(entry.path()));
  }
  // Names are the times they were taken at.
  std::sort(entries.begin(), entries.end(),
            [](const SnapshotEntry& a, const SnapshotEntry& b) { return a.name < b.name; });
  return entries;
}

Result<SnapshotEntry> FindSnapshot(const fs::path& directory, const std::string& name) {
  const std::vector<SnapshotEntry> entries = ListSnapshots(directory);
  for (const SnapshotEntry& entry : entries) {
    if (entry.name == name) return entry;
  }
  return Err(ErrorCode::kNotFound, "there is no snapshot {}{}", name,
             entries.empty() ? "; there is none at all" : ", the latest is " + entries.back().name);
}

Result<void> CheckFiles(const fs::path& snapshot, const SnapshotManifest& manifest,
                        const BytesProgress& on_progress, std::stop_token stop) {
  uint64_t done = 0;
  const uint64_t total = manifest.bytes();
  for (const SnapshotPartition& partition : manifest.partitions) {
    const fs::path directory = PartitionDirectory(snapshot, partition.partition);
    for (const SnapshotFile& file : partition.files) {
      if (stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
      if (auto good = CheckFile(directory, partition, file); !good) return good;
      done += file.bytes;
      if (on_progress) on_progress(done, total);
    }
  }
  return {};
}

Result<void> CheckPartitionFiles(const fs::path& snapshot, const SnapshotPartition& partition) {
  for (const SnapshotFile& file : partition.files) {
    auto good = CheckFile(PartitionDirectory(snapshot, partition.partition), partition, file);
    if (!good) return good;
  }
  return {};
}

Result<fs::path> BeginSnapshot(const fs::path& directory, const std::string& name) {
  std::error_code error;
  const fs::path unfinished = directory / (name + std::string(kUnfinished));
  fs::create_directories(unfinished, error);
  if (error) {
    return tl::unexpected(Failed("make", unfinished, error).error());
  }
  return unfinished;
}

Result<void> FinishSnapshot(const fs::path& unfinished, const SnapshotManifest& manifest,
                            const BeforeStep& before) {
  if (auto go = Before(before, "manifest"); !go) return go;
  const fs::path file = unfinished / kManifestFile;
  {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << FormatManifest(manifest);
    out.close();
    if (!out) return Err(ErrorCode::kIo, "cannot write {}", file.string());
  }
  if (auto go = Before(before, "sync"); !go) return go;
  if (auto synced = SyncPath(file); !synced) return synced;
  if (auto synced = SyncPath(unfinished); !synced) return synced;
  if (auto go = Before(before, "name"); !go) return go;
  std::error_code error;
  fs::rename(unfinished, unfinished.parent_path() / manifest.name, error);
  if (error) return Failed("rename", unfinished, error);
  if (auto go = Before(before, "named"); !go) return go;
  return SyncPath(unfinished.parent_path());
}

Result<void> RemoveSnapshot(const fs::path& directory, const std::string& name,
                            const BeforeStep& before) {
  if (auto go = Before(before, "unname"); !go) return go;
  const fs::path removed = directory / (name + std::string(kRemoved));
  std::error_code error;
  fs::rename(directory / name, removed, error);
  if (error) return Failed("rename", directory / name, error);
  if (auto go = Before(before, "unnamed"); !go) return go;
  if (auto synced = SyncPath(directory); !synced) return synced;
  for (const auto& entry : fs::directory_iterator(removed, error)) {
    if (auto go = Before(before, "remove " + entry.path().filename().string()); !go) return go;
    fs::remove_all(entry.path(), error);
  }
  if (auto go = Before(before, "remove"); !go) return go;
  fs::remove_all(removed, error);
  return error ? Failed("remove", removed, error) : Result<void>();
}

void SweepSnapshots(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kUnfinished) || name.ends_with(kRemoved)) left.push_back(entry.path());
  }
  for (const fs::path& path : left) fs::remove_all(path, error);
}

Result<SnapshotManifest> CopySnapshot(const fs::path& snapshot, const fs::path& directory) {
  auto manifest = ReadManifest(snapshot);
  if (!manifest) return manifest;
  std::error_code error;
  if (fs::exists(directory / manifest->name, error)) {
    return Err(ErrorCode::kInvalid, "{} has a snapshot {} already", directory.string(),
               manifest->name);
  }
  const auto unfinished = BeginSnapshot(directory, manifest->name);
  if (!unfinished) return tl::unexpected(unfinished.error());
  for (const SnapshotPartition& partition : manifest->partitions) {
    const fs::path from = PartitionDirectory(snapshot, partition.partition);
    const fs::path to = PartitionDirectory(*unfinished, partition.partition);
    fs::create_directories(to, error);
    for (const SnapshotFile& file : partition.files) {
      fs::create_hard_link(from / file.name, to / file.name, error);
      if (error) fs::copy_file(from / file.name, to / file.name, error);
      if (error) return tl::unexpected(Failed("copy", from / file.name, error).error());
      if (auto synced = SyncPath(to / file.name); !synced) return tl::unexpected(synced.error());
    }
    if (auto synced = SyncPath(to); !synced) return tl::unexpected(synced.error());
  }
  if (auto good = CheckFiles(*unfinished, *manifest); !good) return tl::unexpected(good.error());
  if (auto done = FinishSnapshot(*unfinished, *manifest, nullptr); !done) {
    return tl::unexpected(done.error());
  }
  return manifest;
}

}  // namespace sluice
