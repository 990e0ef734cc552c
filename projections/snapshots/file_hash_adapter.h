#pragma once

#include <filesystem>

#include "events/basic_types.h"
#include "events/result.h"

namespace sluice {

// XXH3-128 of a file's bytes, read piece by piece: what `xxhsum -H128` prints. kIo.
Result<Hash128> HashOfFile(const std::filesystem::path& path);

}  // namespace sluice
