// What a node wrote to its log, synced write by synced write: the bytes the yardsticks write again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/basic_types.h"
#include "events/result.h"

namespace sluice::bench {

// One row of a synced write: a batch of decision records, or what goes with it.
struct RecordedRow {
  uint32_t partition = 0;
  std::string key;
  Bytes value;
};

// One synced write of the journal: the batches of all partitions that were waiting.
struct RecordedWrite {
  std::vector<RecordedRow> rows;
  uint64_t records = 0;  // decisions in it
  size_t bytes = 0;      // of keys and values
  std::vector<std::string>
      entities;  // whose state one coalesced write sets, partition by partition
};

// Reads the writes of the journal in `data_dir` (its node may run, but decides nothing) that hold
// decisions from `from` on, one sequence per partition. Only what is in the write-ahead log still
// is found: the latest writes. Bounded by `writes_max` from the end.
Result<std::vector<RecordedWrite>> ReadRecordedWrites(const std::string& data_dir,
                                                      const std::vector<uint64_t>& from,
                                                      size_t writes_max);

}  // namespace sluice::bench
