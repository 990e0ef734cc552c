// Differences of entities, as `diff` and `replay --fork` show them.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/debugger.h"
#include "cli/failure.h"
#include "cli/output.h"
#include "cli/session.h"
#include "replay/fork.h"

namespace sluice::cli {

// {entity, change, fields: [{path, before, after}]}.
nlohmann::json DifferenceJson(const replay::ForkDifference& difference, std::string_view change);

// What changed in an entity, and by which decision where that is known.
void PrintDifference(const nlohmann::json& difference, std::ostream& out);

// `sluice diff --against`: how another log, of a data directory or an exported file, ends beside
// the session's, which is `after`.
struct AgainstOptions {
  std::string path;
  std::string to;        // in each; empty: its end
  Parameters selection;  // entity; or kind and namespace: as `diff` is asked
  Output output;
};
Outcome<Exit> DiffAgainst(Session& session, const AgainstOptions& options);

}  // namespace sluice::cli
