// `sluice --data DIR`: reads of a data directory that no node holds.
#pragma once

#include <memory>
#include <string>

#include "cli/environment.h"
#include "cli/failure.h"
#include "service/router.h"

namespace sluice::cli {

// Of a router that answers in this process.
service::RouterOptions InProcessRouter();

// Opens the directory and holds it; its projections are brought up to its log when they are first
// read, the log is not written.
// What comes back answers reads as a node would, and refuses commands and watches with kInvalid.
// Bad input: there is no data. Unavailable: a node holds it, or it cannot be read.
Outcome<std::unique_ptr<Api>> OpenDataDirectory(const std::string& directory,
                                                Environment& environment);

}  // namespace sluice::cli
