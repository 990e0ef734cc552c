#include <random>

#include "bench/groups.h"
#include "bench/query_http.h"
#include "bench/workload.h"
#include "projections/queries.h"

namespace sluice::bench {
namespace {

Queries MakeQueries(Node& node) {
  QueryOptions options;
  options.kinds = &node.kinds();
  for (const auto& store : node.stores()) options.stores.push_back(store.get());
  options.partition_of = [&node](std::string_view entity) { return node.PartitionOf(entity); };
  options.read_records = [&node](uint32_t partition, std::span<const uint64_t> sequences,
                                 const EventVisitor& visit) {
    return node.journal().ReadRecords(partition, sequences, visit);
  };
  return Queries(std::move(options));
}

struct Timed {
  double per_s = 0;
  Latencies latencies;
};

// Calls `one` with random instances' numbers for `time`.
template <class One>
Result<Timed> TimeEach(const BenchOptions& options, const One& one) {
  Timed timed;
  std::mt19937_64 random(7);  // The same entities in every run.
  const Stopwatch watch;
  while (watch.Elapsed() < options.time && !options.stop.stop_requested()) {
    const uint64_t number = random() % options.entities;
    const Stopwatch each;
    if (auto done = one(number); !done) return tl::unexpected<Error>(done.error());
    timed.latencies.Add(each.Seconds() * 1e6);
  }
  timed.per_s = static_cast<double>(timed.latencies.count()) / watch.Seconds();
  return timed;
}

Result<Measurement> MeasureInProcess(const BenchOptions& options, Node& node) {
  Measurement measured;
  measured.name = "query/point-in-process";
  options.Say(measured.name);
  const Queries queries = MakeQueries(node);
  auto objects = TimeEach(options, [&](uint64_t number) -> Result<void> {
    const auto key = ParseEntityKey(InstanceKey(number));
    const auto object = queries.Get(*key);
    if (!object) return tl::unexpected<Error>(object.error());
    if (!*object) return Err(ErrorCode::kNotFound, "{} is not there", InstanceKey(number));
    return {};
  });
  if (!objects) return tl::unexpected<Error>(objects.error());
  const auto rows = TimeEach(options, [&](uint64_t number) -> Result<void> {
    const std::string key = InstanceKey(number);
    const auto row = node.stores()[node.PartitionOf(key)]->View()->Get(key);
    if (!row) return tl::unexpected<Error>(row.error());
    return {};
  });
  if (!rows) return tl::unexpected<Error>(rows.error());
  measured.Compare(objects->per_s, rows->per_s);
  measured.p50_us = objects->latencies.Quantile(0.5);
  measured.p99_us = objects->latencies.Quantile(0.99);
  return measured;
}

}  // namespace

Result<Measurements> RunQuery(const BenchOptions& options, DataSet& data) {
  auto node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  Measurements measured;
  auto in_process = MeasureInProcess(options, **node);
  if (!in_process) return tl::unexpected<Error>(in_process.error());
  measured.push_back(std::move(*in_process));
  auto http = MeasureHttp(options, **node, data.data_dir());
  if (!http) return tl::unexpected<Error>(http.error());
  measured.push_back(std::move(*http));

  Measurement size;
  size.name = fmt::format("query/{}-entities", options.entities);
  size.target = "1 GiB at 1000000 entities";
  size.rss_bytes = ResidentBytes();
  for (const auto& store : (*node)->stores()) {
    if (auto flushed = store->Flush(); !flushed) return tl::unexpected<Error>(flushed.error());
  }
  size.bytes_per_decision = static_cast<double>(BytesOnDisk(data.data_dir())) /
                            static_cast<double>(CountDecisions(**node));
  measured.push_back(std::move(size));
  return measured;
}

}  // namespace sluice::bench
