#include "projections/snapshots/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

Json PartitionJson(const SnapshotPartition& partition) {
  Json json{{"partition", partition.partition},
            {"next", partition.next},
            {"term", partition.term},
            {"chain", ToHex(partition.chain)}};
  if (partition.decision_time.IsSet()) json["decisionTime"] = FormatTime(partition.decision_time);
  return json;
}

Json HeadJson(const SnapshotManifest& manifest) {
  Json json{{"format", kSnapshotFormat}, {"name", manifest.name}};
  json["time"] = FormatTime(manifest.time);
  if (!manifest.cluster.empty()) json["cluster"] = manifest.cluster;
  json["epoch"] = manifest.epoch;
  json["node"] = manifest.node;
  json["build"] = manifest.build;
  json["schemas"] = ToHex(manifest.schemas);
  return json;
}

// Digits of a fraction of a second.
constexpr size_t kMicroDigits = 6;

// Throws nlohmann's exceptions for what is not there or of another type.
Hash128 HashIn(const Json& json, const char* name) {
  const auto hash = ParseHash128(json.at(name).get_ref<const std::string&>());
  if (!hash) throw std::invalid_argument(hash.error());
  return *hash;
}

Time TimeIn(const Json& json, const char* name) {
  const auto time = ParseTime(json.at(name).get_ref<const std::string&>());
  if (!time) throw std::invalid_argument(time.error());
  return *time;
}

SnapshotPartition PartitionOf(const Json& json) {
  SnapshotPartition partition{.partition = json.at("partition"),
                              .next = json.at("next"),
                              .term = json.at("term"),
                              .chain = HashIn(json, "chain"),
                              .decision_time = {},
                              .files = {}};
  if (json.contains("decisionTime")) partition.decision_time = TimeIn(json, "decisionTime");
  for (const Json& file : json.at("files")) {
    partition.files.push_back(
        {.name = file.at("name"), .bytes = file.at("bytes"), .hash = HashIn(file, "xxh128")});
    // It becomes a path.
    if (partition.files.back().name.find('/') != std::string::npos) {
      throw std::invalid_argument("a file's name has a slash");
    }
  }
  return partition;
}

SnapshotManifest ManifestOf(const Json& json) {
  SnapshotManifest manifest{.name = json.at("name"),
                            .time = TimeIn(json, "time"),
                            .cluster = json.value("cluster", ""),
                            .epoch = json.at("epoch"),
                            .build = json.at("build"),
                            .node = json.at("node"),
                            .schemas = HashIn(json, "schemas"),
                            .partitions = {}};
  for (const Json& partition : json.at("partitions")) {
    manifest.partitions.push_back(PartitionOf(partition));
    if (manifest.partitions.back().partition + 1 != manifest.partitions.size()) {
      throw std::invalid_argument("partitions are not in order");
    }
  }
  return manifest;
}

}  // namespace

std::string NameOfTime(Time time) {
  std::string name = FormatTime(time);
  std::replace(name.begin(), name.end(), ':', '-');
  name.pop_back();  // Z
  const size_t point = name.find('.');
  if (point == std::string::npos) name += '.';
  const size_t digits = point == std::string::npos ? 0 : name.size() - point - 1;
  return name + std::string(kMicroDigits - digits, '0') + 'Z';
}

uint64_t SnapshotPartition::bytes() const {
  uint64_t sum = 0;
  for (const SnapshotFile& file : files) sum += file.bytes;
  return sum;
}

Coverage SnapshotManifest::coverage() const {
  Coverage coverage;
  for (const SnapshotPartition& partition : partitions) coverage.push_back(partition.next);
  return coverage;
}

uint64_t SnapshotManifest::bytes() const {
  uint64_t sum = 0;
  for (const SnapshotPartition& partition : partitions) sum += partition.bytes();
  return sum;
}

std::string FormatManifest(const SnapshotManifest& manifest) {
  Json body = HeadJson(manifest);
  Json& partitions = body["partitions"] = Json::array();
  for (const SnapshotPartition& partition : manifest.partitions) {
    Json json = PartitionJson(partition);
    Json& files = json["files"] = Json::array();
    for (const SnapshotFile& file : partition.files) {
      files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"xxh128", ToHex(file.hash)}});
    }
    partitions.push_back(std::move(json));
  }
  const std::string sum = ToHex(Xxh128(body.dump()));
  return Json{{"snapshot", std::move(body)}, {"xxh128", sum}}.dump(1) + "\n";
}

Result<SnapshotManifest> ParseManifest(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("snapshot") || !json["snapshot"].is_object()) {
    return Err(ErrorCode::kCorruption, "the manifest is no JSON of a snapshot");
  }
  const Json& body = json["snapshot"];
  try {
    if (ToHex(Xxh128(body.dump())) != json.value("xxh128", "")) {
      return Err(ErrorCode::kCorruption, "the manifest was changed: its hash is another");
    }
    if (body.at("format").get<int>() > kSnapshotFormat) {
      return Err(ErrorCode::kInvalid, "the snapshot has format {}, this build reads up to {}",
                 body["format"].get<int>(), kSnapshotFormat);
    }
    return ManifestOf(body);
  } catch (const std::exception& fault) {
    return Err(ErrorCode::kCorruption, "the manifest cannot be read: {}", fault.what());
  }
}

std::string ManifestJson(const SnapshotManifest& manifest) {
  Json json = HeadJson(manifest);
  json["coverage"] = FormatCoverage(manifest.coverage());
  json["bytes"] = manifest.bytes();
  Json& partitions = json["partitions"] = Json::array();
  for (const SnapshotPartition& partition : manifest.partitions) {
    Json one = PartitionJson(partition);
    one["bytes"] = partition.bytes();
    one["files"] = partition.files.size();
    partitions.push_back(std::move(one));
  }
  return json.dump();
}

}  // namespace sluice
