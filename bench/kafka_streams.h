// The Kafka Streams application of bench/peers, where it is built: `ninja peers`.
#pragma once

#include <string>

#include "bench/kafka_probe.h"
#include "bench/options.h"
#include "events/result.h"

namespace sluice::bench {

struct StreamsJob {
  std::string bootstrap;
  std::string input;   // holds the commands, read from its beginning
  std::string output;  // prefix of its output topics, which are made
  uint32_t partitions = 0;
  uint64_t records = 0;  // in the input
  size_t state_bytes = 0;
  size_t record_bytes = 0;
  std::string directory;  // for its stores
  Probe probe;            // of its latency; input and output are filled in
  uint64_t probe_per_s = 0;
};

struct StreamsResult {
  double per_s = 0;     // at its better setting, in the second half of the input: it is warm then
  std::string setting;  // which that is
  Latencies latencies;  // at the setting with the shorter ones
};

bool StreamsIsBuilt();
// One and two threads, committing every 100 ms and every second.
Result<StreamsResult> RunStreams(const BenchOptions& options, const StreamsJob& job);

}  // namespace sluice::bench
