// What a run of `sluice bench` is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/open_journal.h"
#include "events/basic_types.h"

namespace sluice::bench {

struct BenchOptions {
  Duration time = Duration::Seconds(5);  // of each measurement
  // A directory of the run's own is made in it, and removed at the end. Empty: the system's
  // directory for temporary files.
  std::string data_dir;
  // Where the data set is made, once, and stays; a run works on a copy. Empty: each makes its own.
  std::string data_set;
  uint64_t entities = 100'000;
  uint32_t partitions = 2;
  size_t in_flight = 512;           // of closed loops
  uint64_t offered_per_s = 10'000;  // of open loops
  std::string kafka;                // brokers for the group `kafka`; empty: it starts one
  std::optional<KafkaCluster> log;  // of the node; absent: embedded
  std::string only;  // of the groups `debugger`, `kafka`, `planes`: parts with this in their name
  // What is being done, for a person who waits. May be empty.
  std::function<void(const std::string&)> progress;
  std::stop_token stop;

  bool Wants(std::string_view name) const { return name.find(only) != name.npos; }
  void Say(const std::string& what) const {
    if (progress) progress(what);
  }
};

}  // namespace sluice::bench
