// A decision among the answers of `sluice why`, in words.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sluice::cli {

// A member that is text; empty where there is none.
std::string Text(const nlohmann::json& object, const char* name);

// "Apply by ada", "Observed from instance/default/web".
std::string CommandOf(const nlohmann::json& step);
// What came of it, in short.
std::string OutcomeOf(const nlohmann::json& step);
// Of the first of a chain: where it came from.
std::string BeganWith(const nlohmann::json& step);

}  // namespace sluice::cli
