#pragma once

#include <string>

#include "events/result.h"

namespace sluice::local {

// The sluice-shim program (shim/shim.cc), carried inside this library so that `sluice` stays one
// binary: it lives in an anonymous file of this process and is executed from there.
//
// Returns a path to execute, good for as long as this process lives. kIo when the kernel refuses.
// Thread-safe; the file is made once.
Result<std::string> ShimPath();

}  // namespace sluice::local
