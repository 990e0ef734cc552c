// `sluice get nodes`: who shares the log, who decides what, and how far each node's projections
// are.
#pragma once

#include <string_view>

#include "cli/output.h"
#include "cli/session.h"

namespace sluice::cli {

// "node" or "nodes" in any case: no kind is called that.
bool IsNodes(std::string_view word);

// Asks the server who takes part, and each of those for its own positions.
Outcome<Exit> PrintNodes(Session& session, const Output& output);

}  // namespace sluice::cli
