// Lists that are no objects: {"items": [...], "metadata": {"continue": ...}}.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/session.h"

namespace sluice::cli {

// Calls `take` with every item, page by page; it returns false for enough.
Outcome<void> ForEachItem(Session& session, std::string_view doing, const std::string& path,
                          std::vector<std::pair<std::string_view, std::string>> parameters,
                          const std::function<bool(nlohmann::json item)>& take);

// The member as a cell: "<none>" when it is absent, empty or null.
std::string Member(const nlohmann::json& object, const char* name);

}  // namespace sluice::cli
