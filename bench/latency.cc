#include "bench/groups.h"
#include "bench/recorded_log.h"
#include "bench/yardstick.h"

namespace sluice::bench {
namespace {

constexpr size_t kLatencyWritesMax = 200'000;

}  // namespace

Result<Measurements> RunLatency(const BenchOptions& options, DataSet& data) {
  Measurement measured;
  measured.name = fmt::format("latency/{}-offered-per-s", options.offered_per_s);
  measured.target = "ratio of p99 <= 3";
  auto node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  const std::vector<uint64_t> from = EndSequences(**node);
  options.Say(measured.name);
  auto load = RunOpenLoop(
      **node, options.offered_per_s,
      [&](uint64_t) -> std::optional<Command> { return data.Next(); }, options.time, options.stop);
  if (!load) return tl::unexpected<Error>(load.error());
  measured.per_s = load->per_s();
  measured.p50_us = load->latencies.Quantile(0.5);
  measured.p99_us = load->latencies.Quantile(0.99);

  const auto writes = ReadRecordedWrites(data.data_dir(), from, kLatencyWritesMax);
  if (!writes) return tl::unexpected<Error>(writes.error());
  options.Say(measured.name + ": a bare loop of synced writes of the same sizes");
  const std::string file = data.scratch().Path("bare");
  auto bare = RunBareSyncedWrites(options, file, *writes);
  data.scratch().Remove("bare");
  if (!bare) return tl::unexpected<Error>(bare.error());
  auto offered = RunOfferedSyncedWrites(options, file, *writes, options.offered_per_s);
  data.scratch().Remove("bare");
  if (!offered) return tl::unexpected<Error>(offered.error());
  measured.yardstick_per_s = bare->per_s;
  Measurement yardstick;
  yardstick.name = "latency/bare-synced-writes";
  yardstick.per_s = bare->per_s;
  yardstick.p50_us = bare->writes.Quantile(0.5);
  yardstick.p99_us = bare->writes.Quantile(0.99);
  if (*yardstick.p99_us > 0) measured.ratio = *measured.p99_us / *yardstick.p99_us;
  // What one slow sync costs all that come meanwhile shows in this one only.
  Measurement same_load;
  same_load.name = "latency/bare-synced-writes-of-the-same-load";
  same_load.per_s = offered->per_s;
  same_load.p50_us = offered->writes.Quantile(0.5);
  same_load.p99_us = offered->writes.Quantile(0.99);
  if (*same_load.p99_us > 0) same_load.ratio = *measured.p99_us / *same_load.p99_us;
  same_load.target = "ratio: the node's p99 to this one";
  return Measurements{std::move(measured), std::move(yardstick), std::move(same_load)};
}

}  // namespace sluice::bench
