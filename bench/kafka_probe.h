// From a command on a topic to what became of it, as a `read_committed` reader of another topic
// sees it: the same for a node, a bare loop and anything else that answers partition by partition,
// in order.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "bench/measurement.h"
#include "engine/journal/kafka/rdkafka_adapter.h"

namespace sluice::bench {

struct ProbeRecord {
  uint32_t partition = 0;
  std::string key;
  std::string payload;
};

struct Probe {
  std::string bootstrap;
  std::string input;
  std::string output;
  uint32_t partitions = 0;  // of both
  std::function<ProbeRecord()> next;
  // So long before what counts: the load runs, and brokers of which the code is compiled as it runs
  // get warm.
  Duration warm_up = {};
  // Whether what was read answers one of these commands.
  std::function<bool(const kafka::Message&)> answers;
};

// So many commands a second for `time`; 0: each when the one before is answered. Nothing else may
// be written to the topics meanwhile. kUnavailable: an answer does not come.
Result<Latencies> RunProbe(const Probe& probe, uint64_t per_s, Duration time, std::stop_token stop);

// One command on each partition, sent right after `event`; how long after it each was answered.
Result<Latencies> RunProbeAfter(const Probe& probe, const std::function<void()>& event,
                                Duration patience, std::stop_token stop);

}  // namespace sluice::bench
