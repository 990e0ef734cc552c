// The `sluice` command line, from words to exit code.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/failure.h"

namespace sluice::cli {

inline constexpr const char* kDefaultServer = "http://127.0.0.1:7420";

// `arguments` without the program's name. Failures go to `environment.err`.
Exit RunSluice(std::vector<std::string> arguments, Environment& environment);

// What `--data` names: a directory (offline.h) or an exported file (file_api.h).
Outcome<std::unique_ptr<Api>> OpenData(const std::string& path, bool keep_going,
                                       Environment& environment);

}  // namespace sluice::cli
