// `sluice bench kafka`: commands on a real broker, decided by one node, beside a bare loop that
// moves as many records of as many bytes in transactions of the same size.
#include <algorithm>
#include <numeric>
#include <optional>
#include <thread>

#include "bench/groups.h"
#include "bench/kafka_broker.h"
#include "bench/kafka_probe.h"
#include "bench/kafka_streams.h"
#include "bench/kafka_take_over.h"
#include "bench/kafka_yardstick.h"
#include "engine/journal/kafka/kafka_transactions.h"
#include "engine/journal/kafka/rdkafka_adapter.h"
#include "engine/routing.h"
#include "events/codec.h"

namespace sluice::bench {
namespace {

constexpr uint32_t kPartitions = 4;
constexpr int kReplication = 1;
// What a decision's headers take beside its bytes.
constexpr size_t kHeaderBytes = 64;
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
    auto sent = (*producer)->Produce(topic, PartitionOfKey(command.entity, kPartitions),
                                     command.entity, Pack(command), {}, 0, Duration::Seconds(30));
    if (!sent) return sent;
  }
  return (*producer)->Flush(Duration::Seconds(60));
}

Result<void> MakeTopics(const std::string& bootstrap, const std::vector<std::string>& topics) {
  auto admin = kafka::Admin::Make({{"bootstrap.servers", bootstrap}});
  if (!admin) return tl::unexpected<Error>(admin.error());
  std::vector<kafka::TopicSpec> specs;
  for (const std::string& topic : topics) {
    specs.push_back({topic, kPartitions, kReplication, {{"max.message.bytes", "2097152"}}});
  }
  return (*admin)->CreateTopics(specs);
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

// The node's decisions from `from` on.
Result<size_t> MeanRecordBytes(Node& node, const std::vector<uint64_t>& from) {
  uint64_t records = 0;
  uint64_t bytes = 0;
  for (uint32_t partition = 0; partition < node.partition_count(); ++partition) {
    auto read = node.journal().ReadEvents(partition, from[partition],
                                          [&](uint64_t, std::string_view record) {
                                            ++records;
                                            bytes += record.size();
                                            return records % 5000 != 0;
                                          });
    if (!read) return tl::unexpected<Error>(read.error());
  }
  return records == 0 ? 0 : bytes / records;
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
                                 .partitions = kPartitions,
                                 .producers = kafka::kTransactionalIds,
                                 .records = commands.size(),
                                 .records_per_commit = decided->per_commit,
                                 .record_bytes = decided->record_bytes + kHeaderBytes},
                                options.stop);
  if (!bare) return tl::unexpected<Error>(bare.error());
  measured.Compare(decided->per_s, bare->per_s);
  return result;
}

ProbeRecord RecordOf(const Command& command) {
  return {.partition = PartitionOfKey(command.entity, kPartitions),
          .key = command.entity,
          .payload = Pack(command)};
}

// Commands of the load; a node's follow-ups are none, and have ids of their own.
Probe ProbeOf(const std::string& bootstrap, DataSet& data) {
  return {.bootstrap = bootstrap,
          .input = "bench.commands",
          .output = "bench.events",
          .partitions = kPartitions,
          .next = [&data] { return RecordOf(data.Next()); },
          .answers =
              [](const kafka::Message& message) {
                return std::any_of(
                    message.headers.begin(), message.headers.end(), [](const auto& header) {
                      return header.first == "command-id" && header.second.starts_with("bench-");
                    });
              }};
}

Duration WarmUp(const BenchOptions& options) { return {2 * options.time.us}; }

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
                       .partitions = kPartitions,
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

// From a command on the topic to its decision in the sight of a read_committed reader: at a rate,
// and one after the other.
Result<Measurement> Latency(const BenchOptions& options, DataSet& data,
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
                                      .partitions = kPartitions,
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
  on_kafka.partitions = kPartitions;
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
    auto latency = Latency(on_kafka, data, broker.bootstrap(), per_s);
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
