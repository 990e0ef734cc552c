// Point queries over HTTP, as clients of a node make them.
#pragma once

#include <string>

#include "bench/measurement.h"
#include "bench/options.h"
#include "engine/node.h"

namespace sluice::bench {

// Random instances by eight connections that are kept, one request at a time on each; the yardstick
// is the same of /healthz, which reads nothing.
Result<Measurement> MeasureHttp(const BenchOptions& options, Node& node,
                                const std::string& data_dir);

}  // namespace sluice::bench
