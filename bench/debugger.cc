#include "bench/debugger.h"

#include <random>

#include "bench/workload.h"
#include "replay/partition_fold.h"
#include "replay/question.h"
#include "replay/store_archive.h"
#include "replay/timeline.h"
#include "replay/verify.h"

namespace sluice::bench {
namespace {

replay::StoreArchive ArchiveOf(Node& node) {
  std::vector<const PartitionStore*> stores;
  for (const auto& store : node.stores()) stores.push_back(store.get());
  return {node.kinds(), node.journal(), std::move(stores)};
}

// Times `one` on random instances' numbers.
template <class One>
Result<Measurement> TimeEach(const BenchOptions& options, std::string name, std::string target,
                             const One& one) {
  Measurement measured;
  measured.name = std::move(name);
  measured.target = std::move(target);
  options.Say(measured.name);
  Latencies latencies;
  std::mt19937_64 random(7);
  const Stopwatch watch;
  while (watch.Elapsed() < options.time && !options.stop.stop_requested()) {
    const std::string entity = InstanceKey(random() % options.entities);
    const uint64_t roll = random();
    const Stopwatch each;
    if (auto done = one(entity, roll); !done) return tl::unexpected<Error>(done.error());
    latencies.Add(each.Seconds() * 1e6);
  }
  measured.per_s = static_cast<double>(latencies.count()) / watch.Seconds();
  measured.p50_us = latencies.Quantile(0.5);
  measured.p99_us = latencies.Quantile(0.99);
  return measured;
}

// The answer to a question, which must be one.
Result<void> Answer(const replay::Archive& archive, const replay::Question& question) {
  std::string last;
  replay::Ask(archive, question, {.build = "bench", .now = {}, .stop = {}},
              [&](const std::string& line) {
                last = line;
                return true;
              });
  if (last.starts_with("{\"result\"")) return {};
  return Err(ErrorCode::kInvalid, "{}", last);
}

Result<Measurement> MeasureVerify(const BenchOptions& options, const replay::Archive& archive,
                                  double fold_per_s, bool what_if) {
  Measurement measured;
  measured.name = what_if ? "debugger/what-if" : "debugger/verify";
  measured.target =
      what_if ? ">= 500000/s per core, ratio >= 0.3" : ">= 1000000/s per core, ratio >= 0.3";
  options.Say(measured.name);
  replay::VerifyOptions verify;
  verify.what_if = what_if;
  verify.stop = options.stop;
  const double began = ProcessCpuSeconds();
  const auto verified = replay::Verify(archive, verify);
  if (!verified) return tl::unexpected<Error>(verified.error());
  if (verified->first) return Err(ErrorCode::kCorruption, "{}", verified->first->message);
  measured.Compare(static_cast<double>(verified->records()) / (ProcessCpuSeconds() - began),
                   fold_per_s);
  return measured;
}

// What reading and folding the same records costs by itself.
Result<double> FoldRate(const replay::Archive& archive) {
  uint64_t records = 0;
  const double began = ProcessCpuSeconds();
  for (uint32_t partition = 0; partition < archive.partitions(); ++partition) {
    replay::PartitionFold fold(archive.kinds(), partition);
    Result<void> folded;
    auto read = archive.Read(partition, 0, [&](uint64_t, std::string_view bytes) {
      ++records;
      const auto read_one = fold.Read(bytes);
      folded = read_one ? fold.Apply() : Result<void>(tl::unexpected<Error>(read_one.error()));
      return folded.has_value();
    });
    if (!folded) return tl::unexpected<Error>(folded.error());
    if (!read) return tl::unexpected<Error>(read.error());
  }
  return static_cast<double>(records) / (ProcessCpuSeconds() - began);
}

}  // namespace

Result<Measurements> RunDebugger(const BenchOptions& options, DataSet& data) {
  auto node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  const replay::StoreArchive archive = ArchiveOf(**node);
  Measurements all;
  const auto add = [&](Result<Measurement> measured) -> Result<void> {
    if (!measured) return tl::unexpected<Error>(measured.error());
    all.push_back(std::move(*measured));
    return {};
  };
  const Coverage now = archive.Now();
  const auto as_of = [&](const std::string& entity, uint64_t roll) -> Result<void> {
    Coverage point = now;
    uint64_t& end = point[archive.PartitionOf(entity)];
    end = roll % (end + 1);
    const auto then = replay::EntityAt(archive, entity, point);
    if (!then) return tl::unexpected<Error>(then.error());
    return {};
  };
  const auto ask = [&](const char* verb, std::map<std::string, std::string, std::less<>> more) {
    return [&archive, verb, more](const std::string& entity, uint64_t) {
      replay::Question question{.verb = verb, .parameters = more};
      question.parameters["entity"] = entity;
      return Answer(archive, question);
    };
  };
  if (auto done = add(TimeEach(options, "debugger/entity-at-a-position", "p99 <= 10000 us", as_of));
      !done) {
    return tl::unexpected<Error>(done.error());
  }
  if (auto done = add(TimeEach(options, "debugger/history-last-100", "p99 <= 10000 us",
                               ask("history", {{"last", "100"}})));
      !done) {
    return tl::unexpected<Error>(done.error());
  }
  if (auto done = add(TimeEach(options, "debugger/why-ready", "<= 50000 us", ask("why", {})));
      !done) {
    return tl::unexpected<Error>(done.error());
  }
  const auto bare = FoldRate(archive);
  if (!bare) return tl::unexpected<Error>(bare.error());
  for (const bool what_if : {false, true}) {
    if (auto done = add(MeasureVerify(options, archive, *bare, what_if)); !done) {
      return tl::unexpected<Error>(done.error());
    }
  }
  auto snapshots = MeasureSnapshots(options, **node, data);
  if (!snapshots) return snapshots;
  for (Measurement& measured : *snapshots) all.push_back(std::move(measured));
  return all;
}

}  // namespace sluice::bench
