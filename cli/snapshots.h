// Snapshots of a node, as verbs see them.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/session.h"

namespace sluice::cli {

// {"items": [...]}, oldest first.
Outcome<nlohmann::json> ListSnapshots(Session& session);
// The newest that is whole; rejected: there is none.
Outcome<std::string> LatestSnapshot(Session& session);
// Takes one now; its description.
Outcome<nlohmann::json> TakeSnapshot(Session& session);
// Copies it from the node into `directory`, which is made and appears once every file is there and
// has its hash.
Outcome<void> FetchSnapshot(Session& session, const std::string& name,
                            const std::filesystem::path& directory);

}  // namespace sluice::cli
