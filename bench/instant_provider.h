// A provider that does at once whatever is pending, for loads on whole planes.
#pragma once

#include <set>
#include <string>

#include "bench/bench_node.h"
#include "projections/queries.h"

namespace sluice::bench {

// Reports on networks, subnets and instances. Not thread-safe.
class InstantProvider {
 public:
  InstantProvider(Node& node, const BenchOptions& options);

  // Serves until nothing is pending, nothing is decided any more, and `done` (if any) says so.
  // Errors: of the node; kUnavailable when nothing happens for a minute.
  Result<void> ServeUntil(const std::function<bool()>& done);
  // Reports sent so far.
  uint64_t reports() const { return reports_; }
  Queries& queries() { return queries_; }

 private:
  Result<size_t> ServeOnce();
  void Report(const std::string& action, std::vector<Command>& commands);

  Node& node_;
  const BenchOptions& options_;
  Queries queries_;
  std::set<std::string> served_;  // actions as they were listed
  uint64_t reports_ = 0;
};

// The queries of a node in this process.
Queries QueriesOf(Node& node);

}  // namespace sluice::bench
