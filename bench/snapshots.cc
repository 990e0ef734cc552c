#include <algorithm>
#include <thread>

#include "bench/debugger.h"

namespace sluice::bench {
namespace {

// Commands while nothing else happens, and while snapshots are taken.
class Beside {
 public:
  Beside(const BenchOptions& options, Node& node, DataSet& data)
      : options_(options), node_(node), data_(data) {}

  // For so long.
  Result<void> Alone(Duration time) { return Run(time, options_.stop, &alone_); }
  // As long as one snapshot takes.
  Result<SnapshotManifest> OneSnapshot(Latencies* beside) {
    std::stop_source taken;
    const std::stop_callback stopped(options_.stop, [&] { taken.request_stop(); });
    std::optional<Result<SnapshotManifest>> snapshot;
    Result<void> loaded;
    {
      const std::jthread taking([&] {
        snapshot.emplace(node_.snapshots().Take());
        taken.request_stop();
      });
      loaded = Run(Duration::Minutes(10), taken.get_token(), beside);
    }
    if (!loaded) return tl::unexpected<Error>(loaded.error());
    ++count_;
    return std::move(*snapshot);
  }

  Measurement Report(std::string name, Latencies& latencies) const {
    Measurement measured;
    measured.name = std::move(name);
    measured.p50_us = latencies.Quantile(0.5);
    measured.p99_us = latencies.Quantile(0.99);
    if (&latencies == &alone_) return measured;
    measured.target = "ratio of p99 <= 2";
    Latencies alone = alone_;
    if (const double yardstick = alone.Quantile(0.99); yardstick > 0) {
      measured.ratio = *measured.p99_us / yardstick;
    }
    return measured;
  }
  Latencies& alone() { return alone_; }
  uint64_t count() const { return count_; }

 private:
  Result<void> Run(Duration time, std::stop_token stop, Latencies* latencies) {
    // Well within reach: at saturation it is the queue that is measured.
    auto load = RunOpenLoop(
        node_, std::max<uint64_t>(1, options_.offered_per_s / 5),
        [&](uint64_t) -> std::optional<Command> { return data_.Next(); }, time, std::move(stop));
    if (!load) return tl::unexpected<Error>(load.error());
    latencies->Append(load->latencies);
    return {};
  }

  const BenchOptions& options_;
  Node& node_;
  DataSet& data_;
  Latencies alone_;
  uint64_t count_ = 0;
};

}  // namespace

Result<Measurements> MeasureSnapshots(const BenchOptions& options, Node& node, DataSet& data) {
  constexpr int kRounds = 5;
  Beside beside(options, node, data);
  options.Say("debugger/commands-beside-a-snapshot");
  const Duration part{options.time.us / kRounds};
  if (auto alone = beside.Alone(part); !alone) return tl::unexpected<Error>(alone.error());
  // The first looks through all files; those after it know what did not change.
  Latencies during_first;
  const Stopwatch first;
  const auto base = beside.OneSnapshot(&during_first);
  if (!base) return tl::unexpected<Error>(base.error());
  Measurement one;
  one.name = "debugger/first-snapshot";
  one.per_s = static_cast<double>(options.entities) / first.Seconds();
  one.bytes_per_decision = static_cast<double>(base->bytes()) /
                           static_cast<double>(std::max<uint64_t>(1, CountDecisions(node)));
  Latencies during;
  for (int round = 0; round < kRounds && !options.stop.stop_requested(); ++round) {
    if (auto alone = beside.Alone(part); !alone) return tl::unexpected<Error>(alone.error());
    const auto taken = beside.OneSnapshot(&during);
    if (!taken) return tl::unexpected<Error>(taken.error());
  }
  Measurements all;
  all.push_back(std::move(one));
  all.push_back(beside.Report("debugger/commands-alone", beside.alone()));
  all.push_back(beside.Report("debugger/commands-beside-the-first-snapshot", during_first));
  all.push_back(beside.Report("debugger/commands-beside-a-snapshot", during));
  all.back().count = static_cast<double>(beside.count());
  return all;
}

}  // namespace sluice::bench
