#include "bench/kafka_take_over.h"

#include <charconv>
#include <thread>

#include "bench/child_process.h"
#include "service/client/http_client.h"

namespace sluice::bench {
namespace {

// The broker of scripts/kafka.sh allows it; what is left of a dead node waits so long.
constexpr int kSessionTimeoutMs = 2000;
constexpr Duration kTakeOverMax = Duration::Seconds(120);

struct ChildNode {
  std::unique_ptr<ChildProcess> process;
  std::string url;
};

Result<ChildNode> StartNode(const TakeOver& job, const std::string& name) {
  auto process = ChildProcess::Start(
      {"/proc/self/exe", "up", "--kafka", job.bootstrap, "--cluster", job.cluster, "--data",
       job.directory + "/" + name, "--listen", "127.0.0.1:0", "--provider", "none", "--name", name,
       "--kafka-property", fmt::format("session.timeout.ms={}", kSessionTimeoutMs)},
      job.directory + "/" + name + ".log");
  if (!process) return tl::unexpected<Error>(process.error());
  return ChildNode{std::move(*process), ""};
}

// "sluice VERSION is ready at URL (data ...)"
Result<void> AwaitReady(ChildNode& node) {
  const auto line = node.process->ReadLine(kTakeOverMax);
  const size_t at = line ? line->find("http://") : std::string::npos;
  if (at == std::string::npos) return Err(ErrorCode::kUnavailable, "a node does not get ready");
  node.url = line->substr(at, line->find(' ', at) - at);
  return {};
}

uint64_t Applied(const ChildNode& node) {
  HttpClient client(node.url);
  const auto metrics = client.Call({.target = "/metrics"});
  constexpr std::string_view kName = "\nsluice_partition_applied_sequence{";
  uint64_t sum = 0;
  if (!metrics || !metrics->ok()) return sum;
  for (size_t at = 0; (at = metrics->body.find(kName, at)) != std::string::npos; ++at) {
    sum += std::strtoull(&metrics->body[metrics->body.find("} ", at) + 2], nullptr, 10);
  }
  return sum;
}

Result<void> AwaitFollowed(const ChildNode& owner, const ChildNode& follower,
                           const std::stop_token& stop) {
  const Stopwatch watch;
  while (watch.Elapsed() < kTakeOverMax && !stop.stop_requested()) {
    const uint64_t wanted = Applied(owner);
    if (wanted > 0 && Applied(follower) >= wanted) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return Err(ErrorCode::kUnavailable, "a node does not come to the end of the log");
}

Measurement Report(const TakeOver& job, std::string_view how, Latencies latencies) {
  Measurement measured;
  measured.name = fmt::format("kafka/take-over-{}", how);
  measured.p99_us = latencies.Quantile(1);  // of the last partition
  measured.count = static_cast<double>(job.decisions);
  measured.target = fmt::format("of the last partition; count: the log; session time-out {} s",
                                kSessionTimeoutMs / 1000);
  return measured;
}

}  // namespace

Result<Measurements> RunTakeOver(const BenchOptions& options, const TakeOver& job) {
  options.Say("kafka/take-over: an owner, and who follows it");
  auto owner = StartNode(job, "owner");
  if (!owner) return tl::unexpected<Error>(owner.error());
  if (auto ready = AwaitReady(*owner); !ready) return tl::unexpected<Error>(ready.error());
  auto warm = StartNode(job, "warm");
  if (!warm) return tl::unexpected<Error>(warm.error());
  if (auto ready = AwaitReady(*warm); !ready) return tl::unexpected<Error>(ready.error());
  if (auto same = AwaitFollowed(*owner, *warm, options.stop); !same) {
    return tl::unexpected<Error>(same.error());
  }
  auto by_warm = RunProbeAfter(
      job.probe, [&] { owner->process->Kill(); }, kTakeOverMax, options.stop);
  if (!by_warm) return tl::unexpected<Error>(by_warm.error());

  options.Say("kafka/take-over: by a node that has nothing");
  Result<ChildNode> cold = Err(ErrorCode::kUnavailable, "not started");
  auto by_cold = RunProbeAfter(
      job.probe,
      [&] {
        warm->process->Kill();
        cold = StartNode(job, "cold");
      },
      kTakeOverMax, options.stop);
  if (!cold) return tl::unexpected<Error>(cold.error());
  if (!by_cold) return tl::unexpected<Error>(by_cold.error());
  return Measurements{Report(job, "warm", std::move(*by_warm)),
                      Report(job, "cold", std::move(*by_cold))};
}

}  // namespace sluice::bench
