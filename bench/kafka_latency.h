// How long a command on a Kafka topic waits for its decision.
#pragma once

#include <cstdint>
#include <string>

#include "bench/bench_node.h"
#include "bench/measurement.h"
#include "bench/options.h"

namespace sluice::bench {

// From a command on the topic to its decision in the sight of a read_committed reader, beside a
// bare loop's: at a rate, or one after the other where that is 0. A node is opened on `data`.
Result<Measurement> RunKafkaLatency(const BenchOptions& options, DataSet& data,
                                    const std::string& bootstrap, uint64_t per_s);

}  // namespace sluice::bench
