// How a decision of an entity's history is shown as a row.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/session.h"

namespace sluice::cli {

std::string HistoryPath(const ObjectRef& ref);

// POSITION TIME ACTOR COMMAND VERDICT EVENTS, and EFFECTS when wide.
std::vector<std::string> HistoryHeadings(bool wide);
std::vector<std::string> HistoryCells(const nlohmann::json& item, bool wide);

}  // namespace sluice::cli
