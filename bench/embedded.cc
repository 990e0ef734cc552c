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

Result<Measurement> Measure(const BenchOptions& options, DataSet& data, size_t in_flight) {
  Measurement measured;
  measured.name = fmt::format("embedded/{}-in-flight", in_flight);
  measured.target = "ratio >= 0.6";
  auto node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  const std::vector<uint64_t> from = EndSequences(**node);
  options.Say(measured.name);
  auto load = RunClosedLoop(
      **node, in_flight, [&](uint64_t) -> std::optional<Command> { return data.Next(); },
      options.time, options.stop);
  if (!load) return tl::unexpected<Error>(load.error());
  measured.rss_bytes = ResidentBytes();
  measured.p50_us = load->latencies.Quantile(0.5);
  measured.p99_us = load->latencies.Quantile(0.99);

  data.Close();
  auto writes = ReadRecordedWrites(data.data_dir(), from, kWritesMax);
  if (!writes) return tl::unexpected<Error>(writes.error());
  node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  States states;
  if (auto read = states.Read(**node, *writes); !read) return tl::unexpected<Error>(read.error());
  options.Say(measured.name + ": the same bytes by a raw RocksDB loop");
  const auto raw =
      RunRawRocksDb(options, data.scratch().Path("raw"), *writes,
                    [&](const std::string& entity) -> const Bytes& { return states.Of(entity); });
  data.scratch().Remove("raw");
  if (!raw) return tl::unexpected<Error>(raw.error());
  measured.Compare(load->per_s(), raw->per_s);
  return measured;
}

}  // namespace

Result<Measurements> RunEmbedded(const BenchOptions& options, DataSet& data) {
  Measurements measured;
  for (const size_t in_flight : {size_t{64}, options.in_flight}) {
    auto one = Measure(options, data, in_flight);
    if (!one) return tl::unexpected<Error>(one.error());
    measured.push_back(std::move(*one));
    if (in_flight == options.in_flight) break;
  }
  return measured;
}

}  // namespace sluice::bench
