// How `sluice why` shows its answers as text: trees.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>

namespace sluice::cli {

// Of an entity: {entity, path, value, chain, waits}.
void PrintWhyEntity(const nlohmann::json& why, std::ostream& out);
// Of a decision: {position, chain, led}.
void PrintWhyDecision(const nlohmann::json& why, std::ostream& out);

}  // namespace sluice::cli
