// How `sluice why -o mermaid` shows its answers.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>

namespace sluice::cli {

// Of an entity or of a decision, as a flowchart: causes above, effects below.
void PrintMermaid(const nlohmann::json& why, std::ostream& out);

}  // namespace sluice::cli
