#include "bench/groups.h"
#include "bench/recorded_log.h"
#include "bench/yardstick.h"

namespace sluice::bench {
namespace {

constexpr size_t kLatencyWritesMax = 200'000;

Measurement MeasurementOf(std::string name, YardstickResult& result) {
  Measurement measured{.name = std::move(name)};
  measured.per_s = result.per_s;
  measured.p50_us = result.writes.Quantile(0.5);
  measured.p99_us = result.writes.Quantile(0.99);
  return measured;
}

std::optional<double> OfP99s(const Measurement& measured, const Measurement& yardstick) {
  if (yardstick.p99_us.value_or(0) <= 0) return std::nullopt;
  return *measured.p99_us / *yardstick.p99_us;
}

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
  Measurement writes_alone = MeasurementOf("latency/bare-synced-writes", *bare);
  measured.yardstick_per_s = writes_alone.per_s;
  measured.ratio = OfP99s(measured, writes_alone);
  // What one slow sync costs all that come meanwhile shows in this one only.
  Measurement same_load = MeasurementOf("latency/bare-synced-writes-of-the-same-load", *offered);
  same_load.ratio = OfP99s(measured, same_load);
  same_load.target = "ratio: the node's p99 to this one";
  return Measurements{std::move(measured), std::move(writes_alone), std::move(same_load)};
}

}  // namespace sluice::bench
