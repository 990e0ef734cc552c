// The group `debugger` of `sluice bench` (groups.h).
#pragma once

#include "bench/groups.h"

namespace sluice::bench {

// What was true, why, and folding and deciding the whole log again, against a bare fold of it.
Result<Measurements> RunDebugger(const BenchOptions& options, DataSet& data);

// Of it: what a snapshot costs the commands beside it.
Result<Measurements> MeasureSnapshots(const BenchOptions& options, Node& node, DataSet& data);
// Of it: a list of the past that begins from a snapshot.
Result<Measurements> MeasureListsAt(const BenchOptions& options, Node& node, DataSet& data);

}  // namespace sluice::bench
