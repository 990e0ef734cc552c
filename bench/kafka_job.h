// What the measurements of `sluice bench kafka` share: topics, commands, and what is looked for.
#pragma once

#include <string>
#include <vector>

#include "bench/bench_node.h"
#include "bench/kafka_probe.h"
#include "bench/options.h"

namespace sluice::bench {

inline constexpr uint32_t kKafkaPartitions = 4;
// What a decision's headers take beside its bytes.
inline constexpr size_t kHeaderBytes = 64;

// Of kKafkaPartitions each, one replica.
Result<void> MakeTopics(const std::string& bootstrap, const std::vector<std::string>& topics);

// Of the node's decisions from these sequences on, by partition; 0 when there are none.
Result<size_t> MeanRecordBytes(Node& node, const std::vector<uint64_t>& from);

// Commands of the load on the topics of the node's cluster, which is "bench".
Probe ProbeOf(const std::string& bootstrap, DataSet& data);

inline Duration WarmUp(const BenchOptions& options) { return {2 * options.time.us}; }

}  // namespace sluice::bench
