// What the same bytes cost without Sluice.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/measurement.h"
#include "bench/options.h"
#include "bench/recorded_log.h"
#include "events/result.h"

namespace sluice::bench {

struct YardstickResult {
  double per_s = 0;  // decisions
  Latencies writes;  // of each synced write, or of each record, us
};

// A raw RocksDB loop: the writes once more, each synced, into a database like the journal's, and
// after each write `state_of` its entities into a second database without a log. For
// `options.time` at most. `directory` is made.
Result<YardstickResult> RunRawRocksDb(
    const BenchOptions& options, const std::string& directory,
    const std::vector<RecordedWrite>& writes,
    const std::function<const Bytes&(const std::string& entity)>& state_of);

// A bare loop that appends as many bytes as each of the writes has to a file and syncs it.
Result<YardstickResult> RunBareSyncedWrites(const BenchOptions& options, const std::string& path,
                                            const std::vector<RecordedWrite>& writes);

// The same loop, to which records come at `per_s` whether or not it is done with earlier ones: each
// write is of all that have come. Measures each record, from when it was due, as RunOpenLoop does.
Result<YardstickResult> RunOfferedSyncedWrites(const BenchOptions& options, const std::string& path,
                                               const std::vector<RecordedWrite>& writes,
                                               uint64_t per_s);

}  // namespace sluice::bench
