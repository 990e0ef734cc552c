// The groups of `sluice bench`. Each drives a whole node in this process and measures its yardstick
// in the same run. Names of measurements begin with the group's.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "bench/bench_node.h"
#include "bench/measurement.h"
#include "bench/options.h"

namespace sluice::bench {

using Measurements = std::vector<Measurement>;

// Durable commands/s in closed loops, against a raw RocksDB loop that writes the same bytes.
Result<Measurements> RunEmbedded(const BenchOptions& options, DataSet& data);
// Time to acknowledgement at an offered rate, against a bare loop of synced writes.
Result<Measurements> RunLatency(const BenchOptions& options, DataSet& data);
// Folding the log and rebuilding every projection, against reading and unpacking it.
Result<Measurements> RunReplay(const BenchOptions& options, DataSet& data);
// Point queries in process and over HTTP; bytes on disk, memory.
Result<Measurements> RunQuery(const BenchOptions& options, DataSet& data);
// Cost per decision beside collections of growing size, against the smallest.
Result<Measurements> RunCollections(const BenchOptions& options, DataSet& data);
// A workload from nothing to all ready, an ordered rollout; planner and allocator by themselves.
Result<Measurements> RunPlanes(const BenchOptions& options, DataSet& data);
// Of it: a workload from nothing to all ready, city by city, against `plain` commands/s.
Result<Measurements> RunWorkloadPlane(const BenchOptions& options, DataSet& data, double plain);
// Of it: an ordered rollout, against the same.
Result<Measurements> RunRollout(const BenchOptions& options, DataSet& data, double plain);
// Of it: reports of servers to their instances, at growing numbers of them, against the smallest.
Result<Measurements> RunServerPlane(const BenchOptions& options, DataSet& data);

// Of it: what a sender that floods does to the commands of others, against the time without it.
Result<Measurements> RunFairness(const BenchOptions& options, DataSet& data);
// Of it: what the gate that gives each sender its turn costs a load that is alone.
Result<Measurements> RunGate(const BenchOptions& options, DataSet& data);

// Exactly once on a Kafka broker, against a bare consume-transform-produce loop.
Result<Measurements> RunKafka(const BenchOptions& options, DataSet& data);

// A group's parts, in their order: those that the options want (BenchOptions::only). kInvalid:
// none.
struct Part {
  std::string_view name;
  std::function<Result<Measurements>()> measure;
};
Result<Measurements> RunParts(const BenchOptions& options, std::string_view group,
                              std::initializer_list<Part> parts);

// "all" or one of them; `kafka` is not among all, as it needs a broker. kInvalid: there is no such
// group, the message names them.
Result<Measurements> RunGroups(const BenchOptions& options, std::string_view group);

// The names RunGroups takes, "all" first.
std::vector<std::string> GroupNames();

}  // namespace sluice::bench
