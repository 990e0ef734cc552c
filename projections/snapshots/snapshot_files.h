// The directory of snapshots: DIR/NAME/manifest.json, DIR/NAME/PARTITION/ with a database's files.
//
// One is there once its directory has its name, and gone once it has lost it: what is being made or
// removed is called NAME.unfinished or NAME.removed, and is swept away by the next who opens.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "projections/snapshots/manifest.h"

namespace sluice {

// Called before each step that a crash could come between; an error takes its place. For tests.
using BeforeStep = std::function<Result<void>(const std::string& step)>;
// Bytes of how many.
using BytesProgress = std::function<void(uint64_t done, uint64_t total)>;

inline constexpr const char* kManifestFile = "manifest.json";

struct SnapshotEntry {
  std::string name;
  std::optional<SnapshotManifest> manifest;
  std::string fault;  // why it is not whole; empty: it is, by its manifest and its files' sizes
};

std::filesystem::path PartitionDirectory(const std::filesystem::path& snapshot, uint32_t partition);

// Oldest first. A directory that is not there has none.
std::vector<SnapshotEntry> ListSnapshots(const std::filesystem::path& directory);
// One of them. kNotFound: there is none of this name.
Result<SnapshotEntry> FindSnapshot(const std::filesystem::path& directory, const std::string& name);

// Every file against its hash. kCorruption names the first that is cut, changed or missing;
// kUnavailable: interrupted.
Result<void> CheckFiles(const std::filesystem::path& snapshot, const SnapshotManifest& manifest,
                        const BytesProgress& on_progress = nullptr, std::stop_token stop = {});
Result<void> CheckPartitionFiles(const std::filesystem::path& snapshot,
                                 const SnapshotPartition& partition);

// Gives what was made in `unfinished` its name, durably: with its manifest, after everything else.
Result<void> FinishSnapshot(const std::filesystem::path& unfinished,
                            const SnapshotManifest& manifest, const BeforeStep& before);
Result<void> RemoveSnapshot(const std::filesystem::path& directory, const std::string& name,
                            const BeforeStep& before);
// What a crash left behind.
void SweepSnapshots(const std::filesystem::path& directory);

// NAME.unfinished, an empty directory.
Result<std::filesystem::path> BeginSnapshot(const std::filesystem::path& directory,
                                            const std::string& name);
// A copy under the same name in another directory, linked where that is the same disk, every file
// checked. kInvalid: it is there. kCorruption, kIo.
Result<SnapshotManifest> CopySnapshot(const std::filesystem::path& snapshot,
                                      const std::filesystem::path& directory);

}  // namespace sluice
