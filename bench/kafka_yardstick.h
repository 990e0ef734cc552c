// What moving the same bytes through Kafka exactly once costs without Sluice.
#pragma once

#include <stop_token>
#include <string>

#include "bench/measurement.h"
#include "events/result.h"

namespace sluice::bench {

struct BareLoop {
  std::string bootstrap;
  std::string input;                // a topic that holds the records, read from its beginning
  std::string output;               // a topic with as many partitions
  uint32_t partitions = 0;          // each with a consumer, on a thread of its own
  uint32_t producers = 1;           // of each partition; its transactions go through them in turn
  uint64_t records = 0;             // to be moved, over all partitions
  uint64_t records_per_commit = 1;  // of a transaction
  size_t record_bytes = 0;          // of each record written
};

struct BareLoopResult {
  double per_s = 0;
  Latencies commits;  // begin to committed, us
};

// A loop over librdkafka's own calls: consume, produce as many bytes as a decision has, commit. It
// keeps no state, decodes nothing and sends no offsets. kUnavailable, kIo.
// `per_s` is of the second half of the records. Ends when all are moved, or it is
// told to.
Result<BareLoopResult> RunBareLoop(const BareLoop& loop, std::stop_token stop);

}  // namespace sluice::bench
