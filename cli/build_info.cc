#include "cli/build_info.h"

namespace sluice::cli {

std::string BuildVersion() { return SLUICE_VERSION; }
std::string BuildType() { return SLUICE_BUILD_TYPE; }

}  // namespace sluice::cli
