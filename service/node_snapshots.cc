#include "service/node_snapshots.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "service/node_answers.h"

namespace sluice::service {
namespace {

using Json = nlohmann::ordered_json;

Json Shown(const SnapshotManifest& manifest) { return Json::parse(ManifestJson(manifest)); }

// The manifest of a snapshot that is whole enough to have one.
Answer<SnapshotManifest> ManifestOf(Node& node, const std::string& name) {
  auto entry = FindSnapshot(node.snapshots().PathOf(""), name);
  if (!entry) return Fail(FromNodeError(entry.error()));
  if (entry->manifest) return std::move(*entry->manifest);
  return Fail(ApiError::NotFound("snapshot " + name + ": " + entry->fault));
}

// What is wrong with the snapshot is an answer; what keeps one from looking is none.
Result<Json> NotVerified(const std::string& name, const Error& error) {
  if (error.code == ErrorCode::kCorruption || error.code == ErrorCode::kInvalid) {
    return Json{{"name", name}, {"ok", false}, {"fault", error.message}};
  }
  return tl::unexpected<Error>(error);
}

Result<Json> Done(Node& node, const SnapshotTask& task, const BytesProgress& on_progress,
                  std::stop_token stop) {
  switch (task.verb) {
    case SnapshotTask::Verb::kTake: {
      const auto taken = node.snapshots().Take();
      if (!taken) return tl::unexpected<Error>(taken.error());
      return Shown(*taken);
    }
    case SnapshotTask::Verb::kVerify: {
      const auto verified = node.snapshots().Verify(task.name, on_progress, std::move(stop));
      if (!verified) return NotVerified(task.name, verified.error());
      Json shown = Shown(verified->manifest);
      shown["ok"] = true;
      shown["readable"] = verified->readable;
      return shown;
    }
    case SnapshotTask::Verb::kPrune: {
      const auto removed = node.snapshots().Prune(task.keep);
      if (!removed) return tl::unexpected<Error>(removed.error());
      return Json{{"removed", *removed}, {"kept", node.snapshots().List().size()}};
    }
    case SnapshotTask::Verb::kRestore: {
      const auto restored = node.RestoreSnapshot(task.name);
      if (!restored) return tl::unexpected<Error>(restored.error());
      return Shown(*restored);
    }
  }
  Unreachable();
}

}  // namespace

Answer<std::string> NodeSnapshots::List() {
  Json items = Json::array();
  for (const SnapshotEntry& entry : node_.snapshots().List()) {
    Json item = entry.manifest ? Shown(*entry.manifest) : Json{{"name", entry.name}};
    item["whole"] = entry.fault.empty();
    if (!entry.fault.empty()) item["fault"] = entry.fault;
    items.push_back(std::move(item));
  }
  return Json{{"items", std::move(items)}}.dump();
}

Answer<std::string> NodeSnapshots::Manifest(const std::string& name) {
  const auto manifest = ManifestOf(node_, name);
  if (!manifest) return Fail(manifest.error());
  return FormatManifest(*manifest);
}

Answer<std::string> NodeSnapshots::ReadFile(const std::string& name, uint64_t partition,
                                            const std::string& file, uint64_t offset) {
  const auto manifest = ManifestOf(node_, name);
  if (!manifest) return Fail(manifest.error());
  const auto no_file = [&] {
    return Fail(
        ApiError::NotFound(fmt::format("snapshot {} has no file {}/{}", name, partition, file)));
  };
  if (partition >= manifest->partitions.size()) return no_file();
  // Only what the manifest names: a name from outside is no path.
  const auto& files = manifest->partitions[partition].files;
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const SnapshotFile& one) { return one.name == file; });
  if (found == files.end()) return no_file();
  std::string bytes(kPieceBytesMax, '\0');
  std::ifstream in(
      PartitionDirectory(node_.snapshots().PathOf(name), static_cast<uint32_t>(partition)) / file,
      std::ios::binary);
  in.seekg(static_cast<std::streamoff>(std::min(offset, found->bytes)));
  if (!in) return no_file();
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(in.gcount()));
  return bytes;
}

void NodeSnapshots::Run(const SnapshotTask& task, const std::function<bool(std::string line)>& emit,
                        std::stop_token stop) {
  // Telling of progress is how one hears that nobody listens any more.
  std::stop_source enough;
  const std::stop_callback passed_on(stop, [&enough] { enough.request_stop(); });
  const auto on_progress = [&](uint64_t done, uint64_t total) {
    const Json line{{"progress", {{"done", done}, {"total", total}, {"unit", "bytes"}}}};
    if (!emit(line.dump())) enough.request_stop();
  };
  const auto done = Done(node_, task, on_progress, enough.get_token());
  if (done) {
    emit(Json{{"result", *done}}.dump());
  } else {
    emit(Json{
        {"error",
         {{"code", std::string(ToString(done.error().code))}, {"message", done.error().message}}}}
             .dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

}  // namespace sluice::service
