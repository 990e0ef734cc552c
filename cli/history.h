// How a decision of an entity's history is shown as a row.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/session.h"

namespace sluice::cli {

std::string HistoryPath(const ObjectRef& ref);

struct HistoryView {
  bool wide = false;     // EFFECTS, and the entity's bookkeeping
  bool changes = false;  // TRANSITION and CHANGED
};

// POSITION TIME ACTOR COMMAND VERDICT EVENTS, and what the view adds.
std::vector<std::string> HistoryHeadings(HistoryView view);
std::vector<std::string> HistoryCells(const nlohmann::json& item, HistoryView view);

}  // namespace sluice::cli
