#include <algorithm>
#include <unordered_map>

#include "bench/groups.h"
#include "bench/recorded_log.h"
#include "bench/yardstick.h"
#include "events/codec.h"

namespace sluice::bench {
namespace {

constexpr size_t kWritesMax = 20'000;

// Entity records as the store has them now, each read once.
class States {
 public:
  Result<void> Read(const Node& node, const std::vector<RecordedWrite>& writes) {
    std::vector<std::shared_ptr<const StoreView>> views;
    for (const auto& store : node.stores()) views.push_back(store->View());
    for (const RecordedWrite& write : writes) {
      for (const std::string& entity : write.entities) {
        auto [at, is_new] = states_.try_emplace(entity);
        if (!is_new) continue;
        const auto record = views[node.PartitionOf(entity)]->Get(entity);
        if (!record) return tl::unexpected<Error>(record.error());
        if (*record) at->second = Pack(**record);
      }
    }
    return {};
  }
  const Bytes& Of(const std::string& entity) const { return states_.at(entity); }

 private:
  std::unordered_map<std::string, Bytes> states_;
};

// One after the other, several times: what else the host does meets both alike.
constexpr int kRounds = 3;

struct Totals {
  uint64_t answered = 0;
  double seconds = 0;
  double cpu_seconds = 0;
  Latencies latencies;
  std::vector<double> yardsticks;  // per second
  std::vector<double> ratios;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

Result<void> MeasureRound(const BenchOptions& options, DataSet& data, size_t in_flight,
                          Totals* totals) {
  auto node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  const std::vector<uint64_t> from = EndSequences(**node);
  const double cpu = ProcessCpuSeconds();
  const auto load = RunClosedLoop(
      **node, in_flight, [&](uint64_t) -> std::optional<Command> { return data.Next(); },
      options.time, options.stop);
  if (!load) return tl::unexpected<Error>(load.error());
  totals->cpu_seconds += ProcessCpuSeconds() - cpu;
  totals->answered += load->answered;
  totals->seconds += load->seconds;
  totals->latencies.Append(load->latencies);

  const auto writes = ReadRecordedWrites(data.data_dir(), from, kWritesMax);
  if (!writes) return tl::unexpected<Error>(writes.error());
  States states;
  if (auto read = states.Read(**node, *writes); !read) return tl::unexpected<Error>(read.error());
  const auto raw =
      RunRawRocksDb(options, data.scratch().Path("raw"), *writes,
                    [&](const std::string& entity) -> const Bytes& { return states.Of(entity); });
  data.scratch().Remove("raw");
  if (!raw) return tl::unexpected<Error>(raw.error());
  totals->yardsticks.push_back(raw->per_s);
  if (raw->per_s > 0) totals->ratios.push_back(load->per_s() / raw->per_s);
  return {};
}

Result<Measurement> Measure(const BenchOptions& options, DataSet& data, size_t in_flight) {
  Measurement measured;
  measured.name = fmt::format("embedded/{}-in-flight", in_flight);
  measured.target = "ratio >= 0.6; count: us of processor time a command";
  BenchOptions of_round = options;
  of_round.time = Duration::Micros(options.time.us / kRounds);
  Totals totals;
  for (int round = 1; round <= kRounds; ++round) {
    options.Say(fmt::format("{}, round {} of {}", measured.name, round, kRounds));
    auto done = MeasureRound(of_round, data, in_flight, &totals);
    if (!done) return tl::unexpected<Error>(done.error());
  }
  measured.per_s = static_cast<double>(totals.answered) / totals.seconds;
  measured.count =
      1e6 * totals.cpu_seconds / static_cast<double>(std::max<uint64_t>(1, totals.answered));
  measured.yardstick_per_s = Median(totals.yardsticks);
  measured.ratio = Median(totals.ratios);
  measured.p50_us = totals.latencies.Quantile(0.5);
  measured.p99_us = totals.latencies.Quantile(0.99);
  measured.rss_bytes = ResidentBytes();
  return measured;
}

// Every instance once. With a kept data set that is a start with empty caches: each is read from
// the store and stays in memory, as far as bounds go. What follows is steady load.
Result<Measurement> MeasureFirstPass(const BenchOptions& options, DataSet& data) {
  Measurement measured;
  measured.name = "embedded/first-pass";
  options.Say(measured.name);
  auto node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  const double cpu = ProcessCpuSeconds();
  auto load = RunClosedLoop(
      **node, options.in_flight,
      [&](uint64_t n) -> std::optional<Command> {
        if (n == options.entities) return std::nullopt;
        return data.Next();
      },
      Duration{}, options.stop);
  if (!load) return tl::unexpected<Error>(load.error());
  measured.per_s = load->per_s();
  measured.count = 1e6 * (ProcessCpuSeconds() - cpu) /
                   static_cast<double>(std::max<uint64_t>(1, load->answered));
  measured.target = "count: us of processor time a command";
  measured.p50_us = load->latencies.Quantile(0.5);
  measured.p99_us = load->latencies.Quantile(0.99);
  return measured;
}

}  // namespace

Result<Measurements> RunEmbedded(const BenchOptions& options, DataSet& data) {
  Measurements measured;
  auto first = MeasureFirstPass(options, data);
  if (!first) return tl::unexpected<Error>(first.error());
  measured.push_back(std::move(*first));
  for (const size_t in_flight : {size_t{64}, options.in_flight}) {
    auto one = Measure(options, data, in_flight);
    if (!one) return tl::unexpected<Error>(one.error());
    measured.push_back(std::move(*one));
    if (in_flight == options.in_flight) break;
  }
  return measured;
}

}  // namespace sluice::bench
