// A whole log in memory, wherever it is: for what is asked of two at once, and for forks.
#pragma once

#include <memory>
#include <string>

#include "cli/failure.h"
#include "cli/session.h"
#include "replay/memory_archive.h"

namespace sluice::cli {

struct WholeLog {
  std::unique_ptr<replay::MemoryArchive> archive;
  std::string epoch;
};

// Up to a point as the server wants it; all of it where `to` is empty. `doing` begins what is said
// of a failure.
Outcome<WholeLog> LoadWholeLog(Session& session, std::string_view doing, const std::string& to);

}  // namespace sluice::cli
