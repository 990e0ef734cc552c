#include "bench/kafka_streams.h"

#include <charconv>
#include <filesystem>
#include <thread>

#include "bench/child_process.h"
#include "engine/journal/kafka/rdkafka_adapter.h"
#include "source_directory.h"

namespace sluice::bench {
namespace {

const std::string kPeers = std::string(SLUICE_SOURCE_DIR) + "/.cache/peers";

constexpr Duration kStartsWithin = Duration::Seconds(90);

// One run of it, with its own store and output.
class StreamsRun {
 public:
  static Result<std::unique_ptr<StreamsRun>> Start(const StreamsJob& job, const std::string& input,
                                                   const std::string& name, int threads,
                                                   int commit_ms) {
    auto admin = kafka::Admin::Make({{"bootstrap.servers", job.bootstrap}});
    if (!admin) return tl::unexpected<Error>(admin.error());
    auto made = (*admin)->CreateTopics({{name, static_cast<int>(job.partitions), 1, {}}});
    if (!made) return tl::unexpected<Error>(made.error());
    auto process = ChildProcess::Start(
        {"java", "-Xmx1g", "-cp", kPeers + "/classes:" + kPeers + "/jars/*",
         "dev.sluice.peers.StreamsPeer", job.bootstrap, input, name, name, std::to_string(threads),
         std::to_string(commit_ms), std::to_string(job.state_bytes),
         std::to_string(job.record_bytes), job.directory + "/" + name},
        job.directory + "/" + name + ".log");
    if (!process) return tl::unexpected<Error>(process.error());
    if ((*process)->ReadLine(kStartsWithin) != "running") {
      return Err(ErrorCode::kUnavailable, "the Kafka Streams application does not start; see {}",
                 job.directory + "/" + name + ".log");
    }
    return std::unique_ptr<StreamsRun>(new StreamsRun(std::move(*process)));
  }

  // How many commands it has processed so far.
  Result<uint64_t> Processed() {
    process_->Write("?");
    const auto line = process_->ReadLine(kStartsWithin);
    uint64_t processed = 0;
    if (!line ||
        std::from_chars(line->data(), line->data() + line->size(), processed).ec != std::errc()) {
      return Err(ErrorCode::kUnavailable, "the Kafka Streams application has ended");
    }
    return processed;
  }

  // Commands per second from the middle of the input to its end.
  Result<double> Rate(const StreamsJob& job, std::stop_token stop) {
    std::optional<Stopwatch> watch;
    uint64_t first = 0;
    while (!stop.stop_requested()) {
      const auto processed = Processed();
      if (!processed) return tl::unexpected<Error>(processed.error());
      if (!watch && *processed >= job.records / 2) {
        first = *processed;
        watch.emplace();
      }
      if (watch && *processed >= job.records) {
        return static_cast<double>(*processed - first) / watch->Seconds();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return Err(ErrorCode::kUnavailable, "interrupted");
  }

 private:
  explicit StreamsRun(std::unique_ptr<ChildProcess> process) : process_(std::move(process)) {}
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace

bool StreamsIsBuilt() {
  std::error_code ignored;
  return std::filesystem::exists(kPeers + "/classes/dev/sluice/peers/StreamsPeer.class", ignored);
}

Result<StreamsResult> RunStreams(const BenchOptions& options, const StreamsJob& job) {
  StreamsResult best;
  for (const int threads : {1, 2}) {
    for (const int commit_ms : {100, 1000}) {
      const std::string setting = fmt::format("{} threads, commit {} ms", threads, commit_ms);
      options.Say("kafka/streams: " + setting);
      const std::string name = fmt::format("{}.{}.{}", job.output, threads, commit_ms);
      auto run = StreamsRun::Start(job, job.input, name, threads, commit_ms);
      if (!run) return tl::unexpected<Error>(run.error());
      const auto per_s = (*run)->Rate(job, options.stop);
      if (!per_s) return tl::unexpected<Error>(per_s.error());
      if (*per_s > best.per_s) {
        best.per_s = *per_s;
        best.setting = setting;
      }
      if (commit_ms != 100) continue;
      // Warm by now, and everything of the input committed.
      std::this_thread::sleep_for(std::chrono::milliseconds(5 * commit_ms));
      Probe probe = job.probe;
      probe.input = job.input;
      probe.output = name;
      auto latencies = RunProbe(probe, job.probe_per_s, options.time, options.stop);
      if (!latencies) return tl::unexpected<Error>(latencies.error());
      if (best.latencies.count() == 0 || latencies->Quantile(0.5) < best.latencies.Quantile(0.5)) {
        best.latencies = std::move(*latencies);
      }
    }
  }
  return best;
}

}  // namespace sluice::bench
