// The `sluice` command line, from words to exit code.
#pragma once

#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/failure.h"

namespace sluice::cli {

inline constexpr const char* kDefaultServer = "http://127.0.0.1:7420";

// `arguments` without the program's name. Failures go to `environment.err`.
Exit RunSluice(std::vector<std::string> arguments, Environment& environment);

}  // namespace sluice::cli
