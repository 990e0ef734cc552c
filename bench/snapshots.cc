#include <algorithm>
#include <numeric>
#include <thread>

#include "bench/debugger.h"
#include "service/node_backend.h"

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

// Every instance, page by page: now, or as it was at `coverage`. Returns the processor time.
Result<double> ListAll(const BenchOptions& options, service::NodeBackend& backend,
                       const Coverage* coverage) {
  service::ListQuery query;
  query.kind = "instance";
  query.limit = 5'000;
  if (coverage != nullptr) query.at.exact = FormatCoverage(*coverage);
  uint64_t listed = 0;
  const double began = OwnCpuSeconds();
  do {
    auto page = backend.List(query);
    if (!page) return Err(ErrorCode::kIo, "{}", page.error().message);
    listed += page->items.size();
    query.continue_token = page->continue_token;
  } while (!query.continue_token.empty() && !options.stop.stop_requested());
  if (listed < options.entities && !options.stop.stop_requested()) {
    return Err(ErrorCode::kCorruption, "{} of {} instances are listed", listed, options.entities);
  }
  return OwnCpuSeconds() - began;
}

// A command for every instance.
Result<void> ChangeAll(const BenchOptions& options, Node& node, DataSet& data) {
  uint64_t left = options.entities;
  auto load = RunClosedLoop(
      node, options.in_flight,
      [&](uint64_t) -> std::optional<Command> {
        if (left == 0) return std::nullopt;
        --left;
        return data.Next();
      },
      {}, options.stop);
  if (!load) return tl::unexpected<Error>(load.error());
  return {};
}

// What a list of the past costs more than one of now: the folding of what came between the last
// snapshot and there. Every instance has changed both in between and since.
Result<Measurement> MeasureListAt(const BenchOptions& options, Node& node, DataSet& data) {
  Measurement measured;
  measured.name = "debugger/list-at-a-position";
  measured.target = ">= 1000000 decisions replayed/s per core; count: us of a list of now, each";
  options.Say(measured.name);
  const std::vector<uint64_t> snapshot = EndSequences(node);
  if (auto changed = ChangeAll(options, node, data); !changed) {
    return tl::unexpected<Error>(changed.error());
  }
  const std::vector<uint64_t> then = EndSequences(node);
  if (auto changed = ChangeAll(options, node, data); !changed) {
    return tl::unexpected<Error>(changed.error());
  }
  const Coverage coverage(then.begin(), then.end());
  service::NodeBackend backend(node, data.data_dir());
  const auto now = ListAll(options, backend, nullptr);
  if (!now) return tl::unexpected<Error>(now.error());
  const auto past = ListAll(options, backend, &coverage);
  if (!past) return tl::unexpected<Error>(past.error());
  const uint64_t replayed = std::accumulate(then.begin(), then.end(), uint64_t{0}) -
                            std::accumulate(snapshot.begin(), snapshot.end(), uint64_t{0});
  measured.per_s = static_cast<double>(replayed) / std::max(*past - *now, 1e-3);
  measured.count = *now * 1e6 / static_cast<double>(options.entities);
  measured.rss_bytes = ResidentBytes();
  return measured;
}

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
  // Behind the last of them.
  auto listed = MeasureListAt(options, node, data);
  if (!listed) return tl::unexpected<Error>(listed.error());
  all.push_back(std::move(*listed));
  return all;
}

}  // namespace sluice::bench
