// From the node's answer to `export` to a file of it.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>

#include "cli/debugger.h"
#include "replay/export_file.h"

namespace sluice::cli {

// Writes what is exported with these parameters; the result that came with it.
Outcome<nlohmann::json> WriteExport(Session& session, const Parameters& parameters,
                                    replay::ExportForm form, std::ostream& out);

// The paths that are redacted in the log, with commas; empty: it is as a node wrote it.
Outcome<std::string> RedactedPaths(Session& session);

}  // namespace sluice::cli
