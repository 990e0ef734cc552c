// `sluice bench kafka`: a backlog of commands on a real broker, decided by one node, beside a bare
// loop that moves as many records of as many bytes in transactions of the same size.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <thread>

#include "bench/groups.h"
#include "bench/kafka_yardstick.h"
#include "engine/journal/kafka/rdkafka_adapter.h"
#include "engine/routing.h"
#include "events/codec.h"
#include "source_directory.h"

namespace sluice::bench {
namespace {

constexpr uint32_t kPartitions = 4;
constexpr uint64_t kBacklog = 200'000;
constexpr int kReplication = 1;
constexpr uint64_t kOfferedPerS = 1000;

// A broker of its own, which ends with this process.
class Broker {
 public:
  Broker(std::string given, const std::string& directory)
      : bootstrap_(std::move(given)), directory_(directory) {
    if (!bootstrap_.empty()) return;
    started_ = true;
    bootstrap_ = Script("start --owner " + std::to_string(getpid()));
  }
  ~Broker() {
    if (started_) Script("stop");
  }
  const std::string& bootstrap() const { return bootstrap_; }

 private:
  std::string Script(const std::string& words) const {
    const std::string command = std::string(SLUICE_SOURCE_DIR) + "/scripts/kafka.sh " + words +
                                " --dir " + directory_ + " 2>/dev/null";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
    std::string last;
    std::array<char, 512> line{};
    while (pipe && fgets(line.data(), line.size(), pipe.get()) != nullptr) last = line.data();
    while (!last.empty() && last.back() == '\n') last.pop_back();
    return last;
  }

  std::string bootstrap_;
  const std::string directory_;
  bool started_ = false;
};

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

// Opens a node on the backlog and measures until it is decided.
Result<Decided> DecideBacklog(const BenchOptions& options, const std::string& data_dir,
                              uint64_t backlog) {
  auto node = OpenNode(options, data_dir);
  if (!node) return tl::unexpected<Error>(node.error());
  // What was decided while the last partition was still opening does not count.
  const std::vector<uint64_t> from = EndSequences(**node);
  const uint64_t first = CountDecisions(**node);
  const uint64_t commits = Commits(**node);
  Stopwatch watch;
  uint64_t last = first;
  double seconds = 0;
  for (Stopwatch quiet; quiet.Seconds() < 2 && watch.Seconds() < 120;) {
    if (options.stop.stop_requested()) return Err(ErrorCode::kUnavailable, "interrupted");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const uint64_t now = CountDecisions(**node);
    if (now == last) continue;
    last = now;
    seconds = watch.Seconds();
    quiet = Stopwatch();
  }
  if (seconds == 0) return Err(ErrorCode::kUnavailable, "nothing of {} commands was left", backlog);
  const auto bytes = MeanRecordBytes(**node, from);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  return Decided{.per_s = static_cast<double>(last - first) / seconds,
                 .per_commit = std::max<uint64_t>(
                     1, (last - first) / std::max<uint64_t>(1, Commits(**node) - commits)),
                 .record_bytes = *bytes};
}

Result<Measurement> ExactlyOnce(const BenchOptions& options, DataSet& data,
                                const std::string& bootstrap) {
  Measurement measured;
  measured.name = "kafka/exactly-once";
  measured.target = "ratio >= 0.4";
  std::vector<Command> commands;
  while (commands.size() < kBacklog) commands.push_back(data.Next());
  options.Say("kafka: a backlog of commands");
  if (auto sent = Produce(bootstrap, "bench.commands", commands); !sent) {
    return tl::unexpected<Error>(sent.error());
  }
  options.Say(measured.name);
  const auto decided = DecideBacklog(options, data.data_dir(), kBacklog);
  if (!decided) return tl::unexpected<Error>(decided.error());
  measured.rss_bytes = ResidentBytes();

  options.Say(fmt::format("{}: a bare loop, {} records of {} bytes a transaction", measured.name,
                          decided->per_commit, decided->record_bytes));
  if (auto made = MakeTopics(bootstrap, {"bare.in", "bare.out"}); !made) {
    return tl::unexpected<Error>(made.error());
  }
  if (auto sent = Produce(bootstrap, "bare.in", commands); !sent) {
    return tl::unexpected<Error>(sent.error());
  }
  const auto bare = RunBareLoop(options, {.bootstrap = bootstrap,
                                          .input = "bare.in",
                                          .output = "bare.out",
                                          .partitions = kPartitions,
                                          .records = kBacklog,
                                          .records_per_commit = decided->per_commit,
                                          .record_bytes = decided->record_bytes});
  if (!bare) return tl::unexpected<Error>(bare.error());
  measured.Compare(decided->per_s, bare->per_s);
  return measured;
}

// From a command handed to the node until its answer, which is given once the decision is committed
// and projected: two transits of the broker.
Result<Measurement> Latency(const BenchOptions& options, DataSet& data) {
  Measurement measured;
  measured.name = fmt::format("kafka/latency-{}-per-s", kOfferedPerS);
  measured.target = "p50 <= 10 ms, p99 <= 40 ms";
  auto node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  options.Say(measured.name);
  auto load = RunOpenLoop(
      **node, kOfferedPerS, [&](uint64_t) -> std::optional<Command> { return data.Next(); },
      options.time, options.stop);
  if (!load) return tl::unexpected<Error>(load.error());
  measured.per_s = load->per_s();
  measured.p50_us = load->latencies.Quantile(0.5);
  measured.p99_us = load->latencies.Quantile(0.99);
  return measured;
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
  auto answered = Latency(on_kafka, data);
  if (!answered) return tl::unexpected<Error>(answered.error());
  data.Close();
  auto decided = ExactlyOnce(on_kafka, data, broker.bootstrap());
  if (!decided) return tl::unexpected<Error>(decided.error());
  return Measurements{std::move(*decided), std::move(*answered)};
}

}  // namespace sluice::bench
