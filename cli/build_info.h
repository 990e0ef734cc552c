// Which build this is.
#pragma once

#include <string>

namespace sluice::cli {

std::string BuildVersion();  // "0.1.0"
std::string BuildType();     // CMake's: "Release", "Debug".

}  // namespace sluice::cli
