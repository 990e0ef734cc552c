#include "cli/snapshots.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/debugger.h"
#include "projections/snapshots/snapshot_files.h"
#include "service/client/url.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

Outcome<std::string> GetBytes(Session& session, const std::string& doing,
                              const std::string& target) {
  const auto response = session.api().Call({.target = target});
  if (!response) return FromError(response.error());
  if (!response->ok()) return FromResponse(doing, *response);
  return response->body;
}

Outcome<void> FetchFile(Session& session, const std::string& path, const SnapshotFile& file,
                        const fs::path& to) {
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  for (uint64_t offset = 0; offset < file.bytes;) {
    const auto piece =
        GetBytes(session, "copy " + path,
                 path + QueryString({{"offset", offset == 0 ? "" : std::to_string(offset)}}));
    if (!piece) return Again(piece.error());
    if (piece->empty()) return Fail(Exit::kUnavailable, "copy {}: it ends too early", path);
    out.write(piece->data(), static_cast<std::streamsize>(piece->size()));
    offset += piece->size();
  }
  out.close();
  if (!out) return Fail(Exit::kUnavailable, "{} cannot be written", to.string());
  return {};
}

Outcome<void> FetchInto(Session& session, const std::string& name, const fs::path& directory) {
  const std::string root = "/snapshots/" + PercentEncode(name);
  const auto text = GetBytes(session, "read snapshot " + name, root);
  if (!text) return Again(text.error());
  const auto manifest = ParseManifest(*text);
  if (!manifest) return FromError(manifest.error());
  std::error_code error;
  for (const SnapshotPartition& partition : manifest->partitions) {
    const fs::path to = PartitionDirectory(directory, partition.partition);
    fs::create_directories(to, error);
    if (error) return Fail(Exit::kUnavailable, "{}: {}", to.string(), error.message());
    for (const SnapshotFile& file : partition.files) {
      const std::string path =
          fmt::format("{}/files/{}/{}", root, partition.partition, PercentEncode(file.name));
      if (auto fetched = FetchFile(session, path, file, to / file.name); !fetched) return fetched;
    }
  }
  std::ofstream out(directory / kManifestFile, std::ios::binary | std::ios::trunc);
  out << *text;
  out.close();
  if (!out) return Fail(Exit::kUnavailable, "{} cannot be written", directory.string());
  if (const auto good = CheckFiles(directory, *manifest); !good) return FromError(good.error());
  return {};
}

}  // namespace

Outcome<json> ListSnapshots(Session& session) {
  return session.Ask("list snapshots", {.target = "/snapshots"});
}

Outcome<std::string> LatestSnapshot(Session& session) {
  const auto list = ListSnapshots(session);
  if (!list) return Again(list.error());
  std::string latest;
  for (const json& item : list->at("items")) {
    if (item.value("whole", false)) latest = item.value("name", "");
  }
  if (latest.empty()) return Fail(Exit::kRejected, "there is no snapshot; 'sluice snapshot take'");
  return latest;
}

Outcome<json> TakeSnapshot(Session& session) {
  return AskForLines(session, "take a snapshot", {.method = "POST", .target = "/snapshots"});
}

Outcome<void> FetchSnapshot(Session& session, const std::string& name, const fs::path& directory) {
  std::error_code error;
  const fs::path unfinished = directory.string() + ".unfinished";
  fs::remove_all(unfinished, error);
  auto fetched = FetchInto(session, name, unfinished);
  if (fetched) fs::rename(unfinished, directory, error);
  if (fetched && !error) return {};
  const std::string why = error.message();
  fs::remove_all(unfinished, error);
  if (!fetched) return fetched;
  return Fail(Exit::kUnavailable, "{}: {}", directory.string(), why);
}

}  // namespace sluice::cli
