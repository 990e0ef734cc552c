// A log that is being imported: what a new journal takes from one that was exported (design §6).
//
// In this order: every record of every partition, Close, Finish. Whoever is killed in between
// leaves an unfinished import: no term opens on it, and it can be begun again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/journal/journal.h"
#include "events/envelope.gen.h"
#include "events/result.h"

namespace sluice {

// Tells an export from another, so that a second try is one of the same.
struct ImportSource {
  uint32_t partitions = 0;
  std::string epoch = {};     // of the log it is of, hex
  std::string coverage = {};  // how far it goes
};

// A follow-up that was sent and not decided.
struct UndecidedFollowUp {
  uint32_t source_partition = 0;
  FollowUpRecord record = {};
  std::string entity = {};  // it is for; empty: for the partition
};

// What stands behind the last record.
struct ImportEnd {
  // Those of one source partition to one target in the order of their numbers.
  std::vector<UndecidedFollowUp> undecided = {};
  // `EpochOpened` of each partition, by partition.
  std::vector<LogRecord> closing = {};
};

// One thread.
class LogImport {
 public:
  virtual ~LogImport() = default;

  // Of the log that is being made.
  virtual Hash128 epoch() const = 0;
  // The next record of its partition; `bytes` is the record as it stands in the log. kInvalid: an
  // earlier try has brought another log.
  virtual Result<void> Add(const LogRecord& record, Bytes bytes) = 0;
  virtual Result<void> Close(const ImportEnd& end) = 0;
  // Terms may be opened from here on.
  virtual Result<void> Finish() = 0;
};

}  // namespace sluice
