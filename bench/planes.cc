// Whole planes: the parts of the group, the plain commands that some of them are compared with, and
// the pure libraries behind the planes.
#include <algorithm>

#include "bench/groups.h"
#include "bench/planes_objects.h"
#include "bench/planes_pure.h"
#include "bench/workload.h"

namespace sluice::bench {
namespace {

// On a node of its own, so that nothing of it is pending beside what is measured.
Result<double> PlainCommands(const BenchOptions& options, DataSet& data) {
  auto node = OpenNode(options, data.scratch().Path("plain"));
  if (!node) return tl::unexpected<Error>(node.error());
  const uint64_t entities = std::min<uint64_t>(options.entities, kPlaneInstances);
  const auto plain = RunClosedLoop(
      **node, options.in_flight,
      [&](uint64_t n) -> std::optional<Command> {
        if (n < kLocations) return MakeLocation(n);
        return MakeStep((n - kLocations) % entities, (n - kLocations) / entities);
      },
      options.time, options.stop);
  if (!plain) return tl::unexpected<Error>(plain.error());
  node->reset();
  data.scratch().Remove("plain");
  return plain->per_s();
}

Measurements MeasurePure(const BenchOptions& options) {
  options.Say("planes: planner and allocator");
  Measurements measured = MeasureAllocator(std::min<uint64_t>(1'000'000, options.entities * 10));
  measured.insert(measured.begin(), MeasurePlanner(kPlaneInstances));
  return measured;
}

}  // namespace

Result<Measurements> RunPlanes(const BenchOptions& options, DataSet& data) {
  data.Close();
  if (auto made = data.MakeScratch(); !made) return tl::unexpected<Error>(made.error());
  double plain = 0;
  if (options.Wants("workload") || options.Wants("rollout")) {
    const auto measured = PlainCommands(options, data);
    if (!measured) return tl::unexpected<Error>(measured.error());
    plain = *measured;
  }
  return RunParts(options, "planes",
                  {
                      {"workload", [&] { return RunWorkloadPlane(options, data, plain); }},
                      {"rollout", [&] { return RunRollout(options, data, plain); }},
                      {"servers", [&] { return RunServerPlane(options, data); }},
                      {"fairness", [&] { return RunFairness(options, data); }},
                      {"gate", [&] { return RunGate(options, data); }},
                      {"pure", [&] { return MeasurePure(options); }},
                  });
}

}  // namespace sluice::bench
