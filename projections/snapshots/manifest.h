// What a snapshot says about itself (docs/formats/snapshot.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/basic_types.h"
#include "events/result.h"
#include "projections/resource_version.h"

namespace sluice {

inline constexpr int kSnapshotFormat = 1;

struct SnapshotFile {
  std::string name;
  uint64_t bytes = 0;
  Hash128 hash;
  bool operator==(const SnapshotFile&) const = default;
};

struct SnapshotPartition {
  uint32_t partition = 0;
  uint64_t next = 0;  // one past the last decision in it
  uint64_t term = 0;
  Hash128 chain;  // of the record before `next`
  Time decision_time;
  std::vector<SnapshotFile> files;  // by name
  uint64_t bytes() const;
  bool operator==(const SnapshotPartition&) const = default;
};

struct SnapshotManifest {
  std::string name;
  Time time;            // when it was taken, by the node's clock
  std::string cluster;  // empty: the log is embedded
  std::string epoch;    // of the log, hex
  std::string build;
  std::string node;
  Hash128 schemas;  // BuildFingerprint: only a build with the same can read it
  std::vector<SnapshotPartition> partitions;
  Coverage coverage() const;
  uint64_t bytes() const;
  bool operator==(const SnapshotManifest&) const = default;
};

// "2026-11-30T00-15-02.120000Z": names order as the times do.
std::string NameOfTime(Time time);

// The file's text.
std::string FormatManifest(const SnapshotManifest& manifest);
// kCorruption: it was cut or changed. kInvalid: a newer build wrote it.
Result<SnapshotManifest> ParseManifest(std::string_view text);
// As users see it: without the list of files, with what it covers and how large it is.
std::string ManifestJson(const SnapshotManifest& manifest);

}  // namespace sluice
