// `sluice replay --fork DIR`: the log with a change, as a data directory of its own.
#pragma once

#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/output.h"
#include "cli/session.h"

namespace sluice::cli {

struct ForkOptions {
  std::string directory;
  std::vector<std::string> drop;    // ids, or positions of decisions
  std::vector<std::string> edit;    // ID=JSON, its payload
  std::vector<std::string> insert;  // POSITION=JSON, a command
  std::vector<std::string> delay;   // ID=DURATION
  Output output;

  bool has_changes() const {
    return !drop.empty() || !edit.empty() || !insert.empty() || !delay.empty();
  }
};

Outcome<Exit> Fork(Session& session, const ForkOptions& options);

}  // namespace sluice::cli
