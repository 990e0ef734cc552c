// Load on a node in this process: closed loops with a number of commands in flight, and open loops
// that offer commands at a rate.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "bench/measurement.h"
#include "engine/node.h"

namespace sluice::bench {

// The n-th command; nullopt ends the load.
using CommandSource = std::function<std::optional<Command>(uint64_t n)>;

struct LoadResult {
  uint64_t answered = 0;  // accepted and durable
  double seconds = 0;     // from the first command sent to the last answer
  Latencies latencies;    // from sending (open loop: from when it was due) to the answer, us

  double per_s() const { return seconds > 0 ? static_cast<double>(answered) / seconds : 0; }
};

// Keeps at least `in_flight` commands in flight, and an eighth more at most, until `source` ends,
// `for_at_most` is over or `stop` is set. Unset time: no bound. kInvalid: a command was rejected,
// the message says why. Errors of the node.
Result<LoadResult> RunClosedLoop(Node& node, size_t in_flight, const CommandSource& source,
                                 Duration for_at_most, std::stop_token stop);

// Sends `per_s` commands each second whether or not earlier ones are answered. A late sender does
// not hide: latency counts from when the command was due.
Result<LoadResult> RunOpenLoop(Node& node, uint64_t per_s, const CommandSource& source,
                               Duration time, std::stop_token stop);

}  // namespace sluice::bench
