// What the parts of `sluice provider` share.
#pragma once

#include <string>

#include "cli/session.h"

namespace sluice::cli {

// "NAME", "NAMESPACE/NAME", with or without "location/" before it.
Outcome<ObjectRef> ParseLocation(Session& session, const std::string& text);

}  // namespace sluice::cli
