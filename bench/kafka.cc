// `sluice bench kafka`: commands on a real broker, decided by one node, beside a bare loop that
// moves as many records of as many bytes in transactions of the same size.
#include <algorithm>
#include <numeric>
#include <optional>
#include <thread>

#include "bench/groups.h"
#include "bench/kafka_broker.h"
#include "bench/kafka_job.h"
#include "bench/kafka_latency.h"
#include "bench/kafka_streams.h"
#include "bench/kafka_take_over.h"
#include "bench/kafka_yardstick.h"
#include "engine/journal/kafka/kafka_transactions.h"
#include "engine/journal/kafka/rdkafka_adapter.h"
#include "engine/routing.h"
#include "events/codec.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kOfferedPerS = 1000;
// Commands to be decided, per instance.
constexpr uint64_t kBacklogSteps = 2;

// Appends `commands` to the topic, each to its entity's partition.
Result<void> Produce(const std::string& bootstrap, const std::string& topic,
                     const std::vector<Command>& commands) {
  auto producer = kafka::Producer::Make(
      {{"bootstrap.servers", bootstrap}, {"enable.idempotence", "true"}, {"linger.ms", "5"}});
  if (!producer) return tl::unexpected<Error>(producer.error());
  for (const Command& command : commands) {
    auto sent = (*producer)->Produce(topic, PartitionOfKey(command.entity, kKafkaPartitions),
                                     command.entity, Pack(command), {}, 0, Duration::Seconds(30));
    if (!sent) return sent;
  }
  return (*producer)->Flush(Duration::Seconds(60));
}

struct Decided {
  double per_s = 0;
  uint64_t per_commit = 1;
  size_t record_bytes = 0;  // the mean
  uint64_t log = 0;         // decisions in the whole log
};

uint64_t Commits(const Node& node) {
  const NodeCounters counters = node.Counters();
  return std::accumulate(counters.commit_counts.begin(), counters.commit_counts.end(), uint64_t{0});
}

// Opens a node on the backlog and measures its second half: then it is warm.
Result<Decided> DecideBacklog(const BenchOptions& options, const std::string& data_dir,
                              uint64_t backlog) {
  auto node = OpenNode(options, data_dir);
  if (!node) return tl::unexpected<Error>(node.error());
  // What was decided while the last partition was still opening does not count.
  const std::vector<uint64_t> from = EndSequences(**node);
  const uint64_t first = CountDecisions(**node);
  const uint64_t commits = Commits(**node);
  Stopwatch watch;
  std::optional<Stopwatch> half;
  uint64_t at_half = 0;
  uint64_t last = first;
  double seconds = 0;
  for (Stopwatch quiet; quiet.Seconds() < 2 && watch.Seconds() < 120;) {
    if (options.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const uint64_t now = CountDecisions(**node);
    if (now == last) continue;
    last = now;
    quiet = Stopwatch();
    if (half) {
      seconds = half->Seconds();
    } else if (now - first >= backlog / 2) {
      half.emplace();
      at_half = now;
    }
  }
  if (seconds == 0) return Err(ErrorCode::kUnavailable, "nothing of {} commands was left", backlog);
  const auto bytes = MeanRecordBytes(**node, from);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  return Decided{.per_s = static_cast<double>(last - at_half) / seconds,
                 .per_commit = std::max<uint64_t>(
                     1, (last - first) / std::max<uint64_t>(1, Commits(**node) - commits)),
                 .record_bytes = *bytes,
                 .log = last};
}

struct ExactlyOnceResult {
  Measurement measured;
  uint64_t decisions = 0;  // in the log
  Decided decided;
};

Result<ExactlyOnceResult> ExactlyOnce(const BenchOptions& options, DataSet& data,
                                      const std::string& bootstrap) {
  ExactlyOnceResult result;
  Measurement& measured = result.measured;
  measured.name = "kafka/exactly-once";
  measured.target = "ratio >= 0.4; count: records a transaction";
  if (auto loaded = data.Open(); !loaded) return tl::unexpected<Error>(loaded.error());
  data.Close();
  std::vector<Command> commands;
  while (commands.size() < options.entities * kBacklogSteps) commands.push_back(data.Next());
  options.Say("kafka: a backlog of commands");
  if (auto sent = Produce(bootstrap, "bench.commands", commands); !sent) {
    return tl::unexpected<Error>(sent.error());
  }
  options.Say(measured.name);
  const auto decided = DecideBacklog(options, data.data_dir(), commands.size());
  if (!decided) return tl::unexpected<Error>(decided.error());
  result.decided = *decided;
  result.decisions = decided->log;
  measured.rss_bytes = ResidentBytes();
  measured.count = static_cast<double>(decided->per_commit);
  measured.bytes_per_decision = static_cast<double>(decided->record_bytes);

  options.Say(fmt::format("{}: a bare loop, {} records of {} bytes a transaction", measured.name,
                          decided->per_commit, decided->record_bytes));
  if (auto made = MakeTopics(bootstrap, {"bare.in", "bare.out"}); !made) {
    return tl::unexpected<Error>(made.error());
  }
  if (auto sent = Produce(bootstrap, "bare.in", commands); !sent) {
    return tl::unexpected<Error>(sent.error());
  }
  const auto bare = RunBareLoop({.bootstrap = bootstrap,
                                 .input = "bare.in",
                                 .output = "bare.out",
                                 .partitions = kKafkaPartitions,
                                 .producers = kafka::kTransactionalIds,
                                 .records = commands.size(),
                                 .records_per_commit = decided->per_commit,
                                 .record_bytes = decided->record_bytes + kHeaderBytes},
                                options.stop);
  if (!bare) return tl::unexpected<Error>(bare.error());
  measured.Compare(decided->per_s, bare->per_s);
  return result;
}

// The same job by Kafka Streams, over the backlog twice: it is warm in the second half.
Result<Measurements> Streams(const BenchOptions& options, DataSet& data,
                             const std::string& bootstrap, const std::string& directory,
                             const ExactlyOnceResult& own, double own_p50_us) {
  if (auto made = MakeTopics(bootstrap, {"streams.in"}); !made) {
    return tl::unexpected<Error>(made.error());
  }
  std::vector<Command> commands;
  while (commands.size() < 2 * options.entities * kBacklogSteps) commands.push_back(data.Next());
  if (auto sent = Produce(bootstrap, "streams.in", commands); !sent) {
    return tl::unexpected<Error>(sent.error());
  }
  Probe probe = ProbeOf(bootstrap, data);
  probe.warm_up = WarmUp(options);
  probe.answers = [](const kafka::Message&) { return true; };
  auto streams = RunStreams(options, {.bootstrap = bootstrap,
                                      .input = "streams.in",
                                      .output = "streams.out",
                                      .partitions = kKafkaPartitions,
                                      .records = commands.size(),
                                      .state_bytes = own.decided.record_bytes,
                                      .record_bytes = own.decided.record_bytes + kHeaderBytes,
                                      .directory = directory,
                                      .probe = std::move(probe),
                                      .probe_per_s = kOfferedPerS});
  if (!streams) return tl::unexpected<Error>(streams.error());
  Measurement rate;
  rate.name = "kafka/streams";
  rate.target = fmt::format("ratio >= 2; {}", streams->setting);
  rate.Compare(own.decided.per_s, streams->per_s);
  Measurement latency;
  latency.name = "kafka/streams-latency";
  latency.target = "ratio <= 0.2: a node's p50 to its";
  latency.p50_us = streams->latencies.Quantile(0.5);
  latency.p99_us = streams->latencies.Quantile(0.99);
  if (own_p50_us > 0) latency.ratio = own_p50_us / *latency.p50_us;
  return Measurements{std::move(rate), std::move(latency)};
}

}  // namespace

Result<Measurements> RunKafka(const BenchOptions& options, DataSet& embedded) {
  embedded.Close();
  auto scratch = ScratchDirectory::Make(options.data_dir);
  if (!scratch) return tl::unexpected<Error>(scratch.error());
  options.Say("kafka: starting a broker");
  const Broker broker(options.kafka, (*scratch)->Path("broker"));
  if (broker.bootstrap().find(':') == std::string::npos) {
    return Err(ErrorCode::kUnavailable, "no broker started; run scripts/kafka.sh start to see why");
  }
  BenchOptions on_kafka = options;
  on_kafka.partitions = kKafkaPartitions;
  on_kafka.log = KafkaCluster{.bootstrap = broker.bootstrap(), .cluster = "bench"};
  DataSet data(on_kafka);
  Measurements all;
  const auto add = [&](Result<Measurements> more) -> Result<void> {
    if (!more) return tl::unexpected<Error>(more.error());
    for (Measurement& one : *more) all.push_back(std::move(one));
    return {};
  };
  double p50_us = 0;
  for (const uint64_t per_s : {kOfferedPerS, uint64_t{0}}) {
    if (!options.Wants("latency") && !options.Wants("streams-latency")) continue;
    auto latency = RunKafkaLatency(on_kafka, data, broker.bootstrap(), per_s);
    if (!latency) return tl::unexpected<Error>(latency.error());
    if (per_s > 0) p50_us = *latency->p50_us;
    all.push_back(std::move(*latency));
  }
  const bool streams = StreamsIsBuilt() && options.Wants("streams");
  if (!options.Wants("exactly-once") && !options.Wants("take-over") && !streams) return all;
  auto decided = ExactlyOnce(on_kafka, data, broker.bootstrap());
  if (!decided) return tl::unexpected<Error>(decided.error());
  all.insert(all.begin(), decided->measured);
  if (options.Wants("take-over")) {
    auto taken = add(RunTakeOver(on_kafka, {.bootstrap = broker.bootstrap(),
                                            .cluster = "bench",
                                            .decisions = decided->decisions,
                                            .directory = (*scratch)->Path(""),
                                            .probe = ProbeOf(broker.bootstrap(), data)}));
    if (!taken) return tl::unexpected<Error>(taken.error());
  }
  if (streams) {
    auto compared =
        add(Streams(on_kafka, data, broker.bootstrap(), (*scratch)->Path(""), *decided, p50_us));
    if (!compared) return tl::unexpected<Error>(compared.error());
  }
  return all;
}

}  // namespace sluice::bench
