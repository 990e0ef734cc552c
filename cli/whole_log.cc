#include "cli/whole_log.h"

#include <nlohmann/json.hpp>

#include "cli/debugger.h"
#include "events/json_writer.h"

namespace sluice::cli {

using nlohmann::json;

Outcome<WholeLog> LoadWholeLog(Session& session, std::string_view doing, const std::string& to) {
  WholeLog loaded;
  Result<void> added;
  const auto result = AskDebugger(session, "export", {{"to", to}}, [&](const json& item) {
    if (!loaded.archive) {
      loaded.archive = std::make_unique<replay::MemoryArchive>(
          BuiltinKinds(), item.at("partitions").get<uint32_t>(), item.at("complete").get<bool>());
      loaded.epoch = item.at("epoch");
      return true;
    }
    const auto position =
        ParseResourceVersion(item.at("position").get<std::string>(), loaded.archive->partitions());
    Bytes bytes;
    if (!position || !DecodeBase64(item.at("record").get_ref<const std::string&>(), &bytes)) {
      added = Err(ErrorCode::kCorruption, "a record cannot be read");
    } else {
      added =
          loaded.archive->Add(std::get<DecisionPosition>(*position).partition, std::move(bytes));
    }
    return added.has_value();
  });
  if (!result) return Again(result.error());
  if (!added) return FromError(added.error());
  if (!loaded.archive) return Fail(Exit::kUnavailable, "{}: no log came", doing);
  return loaded;
}

}  // namespace sluice::cli
