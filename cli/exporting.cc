#include "cli/exporting.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "events/json_writer.h"

namespace sluice::cli {
namespace {

using nlohmann::json;

replay::ExportHeader HeaderOf(const json& item) {
  replay::ExportHeader header;
  header.partitions = item.at("partitions");
  header.epoch = item.at("epoch");
  header.build = item.at("build");
  header.complete = item.at("complete");
  header.filter = item.at("filter");
  for (const json& path : item.at("redacted")) header.redacted.push_back(path);
  const auto coverage =
      ParseResourceVersion(item.at("coverage").get<std::string>(), header.partitions);
  if (coverage && std::holds_alternative<Coverage>(*coverage)) {
    header.coverage = std::get<Coverage>(*coverage);
  }
  return header;
}

// Writes what the node gives, item by item.
class Writing {
 public:
  Writing(std::ostream& out, replay::ExportForm form) : out_(out), form_(form) {}

  bool Take(const json& item) {
    if (!writer_) {
      const replay::ExportHeader header = HeaderOf(item);
      partitions_ = header.partitions;
      writer_.emplace(out_, form_, header);
      return true;
    }
    const auto position = ParseResourceVersion(item.at("position").get<std::string>(), partitions_);
    replay::ExportedRecord record;
    if (!position || !std::holds_alternative<DecisionPosition>(*position) ||
        !DecodeBase64(item.at("record").get_ref<const std::string&>(), &record.bytes)) {
      return false;
    }
    record.position = std::get<DecisionPosition>(*position);
    if (item.contains("decision")) record.decision_json = item["decision"].dump();
    writer_->Add(record);
    return out_.good();
  }

  Result<void> Finish() {
    if (!writer_) return Err(ErrorCode::kIo, "nothing came to be exported");
    return writer_->Finish();
  }

 private:
  std::ostream& out_;
  const replay::ExportForm form_;
  uint32_t partitions_ = 0;
  std::optional<replay::ExportWriter> writer_;
};

}  // namespace

Outcome<json> WriteExport(Session& session, const Parameters& parameters, replay::ExportForm form,
                          std::ostream& out) {
  Writing writing(out, form);
  auto result = AskDebugger(session, "export", parameters,
                            [&](const json& item) { return writing.Take(item); });
  if (!result) return result;
  if (const auto finished = writing.Finish(); !finished) return FromError(finished.error());
  if (result->is_null()) return Fail(Exit::kUnavailable, "the export could not be written");
  return result;
}

Outcome<std::string> RedactedPaths(Session& session) {
  std::string paths;
  const auto asked = AskDebugger(session, "export", {}, [&](const json& header) {
    for (const json& path : header.value("redacted", json::array())) {
      paths += (paths.empty() ? "" : ",") + path.get<std::string>();
    }
    return false;
  });
  if (!asked) return Again(asked.error());
  return paths;
}

}  // namespace sluice::cli
