// The log of a data directory that no node holds, read and folded from its first record; and what
// the projections beside it say, to be compared.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "events/envelope.gen.h"
#include "projections/fold.h"

namespace sluice::testing {

// One decision about a user's command.
struct LoggedDecision {
  std::string position;
  Verdict verdict = Verdict::kAccepted;
  uint64_t version = 0;
  std::string entity;
  RejectionCode rejection = RejectionCode::kUnspecified;
};

struct FoldedLog {
  std::map<std::string, LoadedEntity> entities;
  // Decisions on commands whose id the caller gave, in the order of the log.
  std::map<std::string, std::vector<LoggedDecision>> commands;
  std::vector<uint64_t> ends;  // next sequence of each partition
  size_t decisions = 0;
  uint64_t terms = 0;  // of all partitions together
};

// Terms, sequences, chain and every state hash are checked on the way (I3, I5), and that versions
// rise one by one (I4). What is wrong is added to `faults`.
FoldedLog FoldLog(const std::string& data_dir, std::vector<std::string>* faults);

// Opens the projections of the stopped node as they are, without replaying anything, and compares
// every entity with `log`. `caught_up`: they are to be at the log's end.
void CompareProjections(const std::string& data_dir, const FoldedLog& log, bool caught_up,
                        std::vector<std::string>* faults);

// Prefixes that overlap, lie outside their parent, or are believed in but not given.
void CheckAllocators(const FoldedLog& log, std::vector<std::string>* faults);

}  // namespace sluice::testing
