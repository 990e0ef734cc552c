// `sluice --data EXPORT`: the debugger's verbs on an exported log, or on a part of one.
#pragma once

#include <memory>
#include <string>

#include "cli/environment.h"
#include "cli/failure.h"

namespace sluice::cli {

// Reads the whole file into memory. With `keep_going` records that are cut or changed are left out
// and told on standard error; otherwise the first of them is bad input.
Outcome<std::unique_ptr<Api>> OpenExport(const std::string& file, bool keep_going,
                                         Environment& environment);

}  // namespace sluice::cli
