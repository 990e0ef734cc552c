// Questions to the debugger: JSON lines from the node, or from the data directory.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/session.h"

namespace sluice::cli {

using Parameters = std::vector<std::pair<std::string_view, std::string>>;

// The result of `/debug/VERB`. Progress is shown where somebody looks; `on_item` gets what comes
// before the result and returns false for enough (the result is null then).
Outcome<nlohmann::json> AskDebugger(Session& session, const std::string& verb,
                                    const Parameters& parameters,
                                    const std::function<bool(nlohmann::json item)>& on_item = {});

// The same of whatever answers in that way; `doing` begins what is said of a failure.
Outcome<nlohmann::json> AskForLines(Session& session, const std::string& doing,
                                    const HttpRequest& request,
                                    const std::function<bool(nlohmann::json item)>& on_item = {});

// A point in time as the server wants it: "-5m" becomes a time, positions and times stay.
Outcome<std::string> PointInTime(Session& session, std::string_view flag, const std::string& at);

// Rows "PATH: before -> after", indented; long values are cut.
void PrintChanges(const nlohmann::json& changes, std::string_view indent, std::ostream& out);

}  // namespace sluice::cli
