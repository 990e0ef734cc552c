#include "bench/kafka_latency.h"

#include <thread>

#include "bench/kafka_job.h"
#include "bench/kafka_yardstick.h"
#include "engine/journal/kafka/kafka_transactions.h"

namespace sluice::bench {
namespace {

// The same commands through the bare loop, which runs meanwhile.
Result<Latencies> ProbeBare(const BenchOptions& options, Probe probe, uint64_t per_s,
                            size_t record_bytes, const std::string& name) {
  probe.input = name + ".in";
  probe.output = name + ".out";
  probe.answers = [](const kafka::Message&) { return true; };
  if (auto made = MakeTopics(probe.bootstrap, {probe.input, probe.output}); !made) {
    return tl::unexpected<Error>(made.error());
  }
  std::stop_source stop;
  Result<BareLoopResult> ran;
  std::jthread loop([&] {
    ran = RunBareLoop({.bootstrap = probe.bootstrap,
                       .input = probe.input,
                       .output = probe.output,
                       .partitions = kKafkaPartitions,
                       .producers = kafka::kTransactionalIds,
                       .records = UINT64_MAX,
                       .records_per_commit = 256,
                       .record_bytes = record_bytes},
                      stop.get_token());
  });
  auto latencies = RunProbe(probe, per_s, options.time, options.stop);
  stop.request_stop();
  loop.join();
  if (!ran) return tl::unexpected<Error>(ran.error());
  return latencies;
}

}  // namespace

Result<Measurement> RunKafkaLatency(const BenchOptions& options, DataSet& data,
                                    const std::string& bootstrap, uint64_t per_s) {
  Measurement measured;
  measured.name =
      per_s > 0 ? fmt::format("kafka/latency-{}-per-s", per_s) : "kafka/latency-one-in-flight";
  measured.target = per_s > 0 ? "p50 <= 10 ms, p99 <= 40 ms" : "ratio of p50 <= 2";
  auto node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  const std::vector<uint64_t> from = EndSequences(**node);
  options.Say(measured.name);
  Probe probe = ProbeOf(bootstrap, data);
  probe.warm_up = WarmUp(options);
  auto own = RunProbe(probe, per_s, options.time, options.stop);
  if (!own) return tl::unexpected<Error>(own.error());
  const auto record_bytes = MeanRecordBytes(**node, from);
  if (!record_bytes) return tl::unexpected<Error>(record_bytes.error());
  data.Close();
  options.Say(measured.name + ": a bare loop");
  auto bare = ProbeBare(options, probe, per_s, *record_bytes + kHeaderBytes,
                        per_s > 0 ? "bare-rate" : "bare-one");
  if (!bare) return tl::unexpected<Error>(bare.error());
  const double seconds = static_cast<double>(options.time.us) / 1e6;
  measured.per_s = static_cast<double>(own->count()) / seconds;
  measured.yardstick_per_s = static_cast<double>(bare->count()) / seconds;
  measured.p50_us = own->Quantile(0.5);
  measured.p99_us = own->Quantile(0.99);
  measured.ratio = *measured.p50_us / bare->Quantile(0.5);
  return measured;
}

}  // namespace sluice::bench
