#include <algorithm>
#include <thread>

#include "bench/debugger.h"
#include "service/node_backend.h"

namespace sluice::bench {
namespace {

// Takes one after the other while the load runs: more often than anybody would.
class Taking {
 public:
  explicit Taking(Node& node)
      : thread_([this, &node](const std::stop_token& stop) {
          while (!stop.stop_requested() && failed_.has_value()) {
            auto taken = node.snapshots().Take();
            if (!taken) failed_ = tl::unexpected<Error>(taken.error());
            ++count_;
          }
        }) {}

  Result<void> Stop() {
    thread_.request_stop();
    thread_.join();
    return failed_;
  }
  uint64_t count() const { return count_; }

 private:
  Result<void> failed_;
  uint64_t count_ = 0;
  std::jthread thread_;  // last: it uses what stands above
};

Result<Measurement> MeasureLoad(const BenchOptions& options, Node& node, DataSet& data,
                                std::string name) {
  options.Say(name);
  // Well within reach: at saturation it is the queue that is measured.
  auto load = RunOpenLoop(
      node, std::max<uint64_t>(1, options.offered_per_s / 5),
      [&](uint64_t) -> std::optional<Command> { return data.Next(); }, options.time, options.stop);
  if (!load) return tl::unexpected<Error>(load.error());
  Measurement measured;
  measured.name = std::move(name);
  measured.per_s = load->per_s();
  measured.p50_us = load->latencies.Quantile(0.5);
  measured.p99_us = load->latencies.Quantile(0.99);
  return measured;
}

// Every instance as it was at `coverage`, page by page.
Result<Measurement> MeasureListAt(const BenchOptions& options, Node& node,
                                  const std::string& scratch, const Coverage& coverage) {
  Measurement measured;
  measured.name = "debugger/list-at-a-position";
  measured.target = "replay work within 1 s per 1M decisions since the snapshot";
  options.Say(measured.name);
  service::NodeBackend backend(node, scratch);
  service::ListQuery query;
  query.kind = "instance";
  query.limit = 5'000;
  query.at.exact = FormatCoverage(coverage);
  uint64_t listed = 0;
  const Stopwatch watch;
  do {
    auto page = backend.List(query);
    if (!page) return Err(ErrorCode::kIo, "{}", page.error().message);
    listed += page->items.size();
    query.continue_token = page->continue_token;
  } while (!query.continue_token.empty() && !options.stop.stop_requested());
  if (listed == 0) return Err(ErrorCode::kCorruption, "nothing is listed of the past");
  measured.per_s = static_cast<double>(listed) / watch.Seconds();
  measured.rss_bytes = ResidentBytes();
  return measured;
}

}  // namespace

Result<Measurements> MeasureSnapshots(const BenchOptions& options, Node& node, DataSet& data) {
  const std::string directory = data.data_dir();
  const Stopwatch first;
  const auto base = node.snapshots().Take();
  if (!base) return tl::unexpected<Error>(base.error());
  Measurement one;
  one.name = "debugger/one-snapshot";
  one.per_s = static_cast<double>(options.entities) / first.Seconds();
  one.bytes_per_decision = static_cast<double>(base->bytes()) /
                           static_cast<double>(std::max<uint64_t>(1, CountDecisions(node)));
  auto alone = MeasureLoad(options, node, data, "debugger/commands-alone");
  if (!alone) return tl::unexpected<Error>(alone.error());
  const std::vector<uint64_t> between = EndSequences(node);
  // The snapshot at hand is what this begins from; those taken beside the load come after it.
  Taking taking(node);
  auto beside = MeasureLoad(options, node, data, "debugger/commands-beside-snapshots");
  if (auto stopped = taking.Stop(); !stopped) return tl::unexpected<Error>(stopped.error());
  if (!beside) return tl::unexpected<Error>(beside.error());
  beside->target = "ratio of p99 <= 2";
  beside->count = static_cast<double>(taking.count());
  if (*alone->p99_us > 0) beside->ratio = *beside->p99_us / *alone->p99_us;
  auto listed = MeasureListAt(options, node, directory, Coverage(between.begin(), between.end()));
  if (!listed) return tl::unexpected<Error>(listed.error());
  return Measurements{std::move(one), std::move(*alone), std::move(*beside), std::move(*listed)};
}

}  // namespace sluice::bench
