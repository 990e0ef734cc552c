// A provider that does at once whatever is pending, for loads on whole planes. As real ones do, it
// lists once and then follows what changes.
#pragma once

#include <set>
#include <string>

#include "bench/bench_node.h"
#include "projections/queries.h"
#include "projections/resource_version.h"

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
  // What began to be pending since the last call, to be reported on. False: too much happened
  // meanwhile, it has to be listed.
  Result<bool> Follow(std::vector<Command>& commands);
  Result<void> List(std::vector<Command>& commands);
  void Report(const std::string& action, std::vector<Command>& commands);

  Node& node_;
  const BenchOptions& options_;
  Queries queries_;
  Coverage next_;                 // of the feed; empty: to be listed
  std::set<std::string> served_;  // pending ones, as they are listed
  uint64_t reports_ = 0;
};

// The queries of a node in this process.
Queries QueriesOf(Node& node);

}  // namespace sluice::bench
