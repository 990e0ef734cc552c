// How long a cluster's partitions are not decided when the node that decides them is killed.
#pragma once

#include <cstdint>
#include <string>

#include "bench/groups.h"
#include "bench/kafka_probe.h"

namespace sluice::bench {

struct TakeOver {
  std::string bootstrap;
  std::string cluster;     // of this many partitions, whose log is there; no node runs on it
  uint64_t decisions = 0;  // in it
  std::string directory;   // for the nodes' data
  Probe probe;             // commands that a node accepts
};

// From SIGKILL to a decision on every partition: by a node that follows them, and by one that
// starts then with an empty directory. The nodes are processes of this binary.
Result<Measurements> RunTakeOver(const BenchOptions& options, const TakeOver& job);

}  // namespace sluice::bench
