#include "bench/debugger.h"

#include <random>

#include "bench/bare_fold.h"
#include "bench/load.h"
#include "bench/workload.h"
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

// Instances among which one is drawn: numbers from `first` on.
struct Drawn {
  uint64_t first = 0;
  uint64_t count = 0;
  uint64_t steps = 0;  // commands of each; 0: the data set's, which have few
  Coverage before;     // what was there when the first of them came
};

Result<void> LoadLongLived(const BenchOptions& options, Node& node, const Drawn& drawn) {
  options.Say(fmt::format("loading instances with {} decisions each", drawn.steps));
  const auto source = [&](uint64_t n) -> std::optional<Command> {
    if (n >= drawn.count * drawn.steps) return std::nullopt;
    return MakeStep(drawn.first + n % drawn.count, n / drawn.count);
  };
  const auto loaded = RunClosedLoop(node, options.in_flight, source, Duration{}, options.stop);
  if (!loaded) return tl::unexpected<Error>(loaded.error());
  if (auto rest = AwaitRest(node, options.stop); !rest) return tl::unexpected<Error>(rest.error());
  return {};
}

// Times `one` on random instances of those.
template <class One>
Result<Measurement> TimeEach(const BenchOptions& options, const Drawn& drawn, std::string name,
                             std::string target, const One& one) {
  Measurement measured;
  measured.name = std::move(name);
  measured.target = std::move(target);
  options.Say(measured.name);
  Latencies latencies;
  std::mt19937_64 random(7);
  const Stopwatch watch;
  while (watch.Elapsed() < options.time && !options.stop.stop_requested()) {
    const std::string entity = InstanceKey(drawn.first + random() % drawn.count);
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
    BareFold fold(partition);
    Result<void> folded;
    auto read = archive.Read(partition, 0, [&](uint64_t, std::string_view bytes) {
      ++records;
      folded = fold.Add(bytes);
      return folded.has_value();
    });
    if (!folded) return tl::unexpected<Error>(folded.error());
    if (!read) return tl::unexpected<Error>(read.error());
  }
  return static_cast<double>(records) / (ProcessCpuSeconds() - began);
}

Result<Measurements> MeasureReads(const BenchOptions& options, Node& node,
                                  const replay::Archive& archive) {
  Measurements all;
  const auto add = [&](Result<Measurement> measured) -> Result<void> {
    if (!measured) return tl::unexpected<Error>(measured.error());
    all.push_back(std::move(*measured));
    return {};
  };
  const auto ask = [&](const char* verb, std::map<std::string, std::string, std::less<>> more) {
    return [&archive, verb, more](const std::string& entity, uint64_t) {
      replay::Question question{.verb = verb, .parameters = more};
      question.parameters["entity"] = entity;
      return Answer(archive, question);
    };
  };
  const Drawn all_of_them{
      .first = 0, .count = options.entities, .steps = 0, .before = Coverage(archive.partitions())};
  std::vector<Drawn> groups{all_of_them};
  // Beside the data set's, so that theirs are long histories in a long log.
  for (const auto& [count, steps] : {std::pair(20, 1'000), std::pair(2, 10'000)}) {
    const Drawn& last = groups.back();
    groups.push_back({.first = last.first + last.count,
                      .count = static_cast<uint64_t>(count),
                      .steps = static_cast<uint64_t>(steps),
                      .before = archive.Now()});
    if (auto loaded = LoadLongLived(options, node, groups.back()); !loaded) {
      return tl::unexpected<Error>(loaded.error());
    }
  }
  const auto last = ask("history", {{"last", "100"}});
  const Coverage now = archive.Now();
  for (const Drawn& drawn : groups) {
    const auto as_of = [&](const std::string& entity, uint64_t roll) -> Result<void> {
      Coverage point = now;
      const uint32_t partition = archive.PartitionOf(entity);
      // Where there were some of its decisions.
      const uint64_t first = drawn.before[partition];
      point[partition] = first + roll % (now[partition] - first + 1);
      const auto then = replay::EntityAt(archive, entity, point);
      if (!then) return tl::unexpected<Error>(then.error());
      return {};
    };
    const std::string fast = "p99 <= 10000 us";
    const std::string suffix = drawn.steps == 0 ? "" : fmt::format("-of-{}", drawn.steps);
    auto done =
        add(TimeEach(options, drawn, "debugger/entity-at-a-position" + suffix, fast, as_of));
    if (!done) return tl::unexpected<Error>(done.error());
    done = add(TimeEach(options, drawn, "debugger/history-last-100" + suffix, fast, last));
    if (!done) return tl::unexpected<Error>(done.error());
  }
  if (auto done =
          add(TimeEach(options, all_of_them, "debugger/why-ready", "<= 50000 us", ask("why", {})));
      !done) {
    return tl::unexpected<Error>(done.error());
  }
  return all;
}

Result<Measurements> MeasureVerifies(const BenchOptions& options, const replay::Archive& archive) {
  const auto bare = FoldRate(archive);
  if (!bare) return tl::unexpected<Error>(bare.error());
  Measurements all;
  for (const bool what_if : {false, true}) {
    auto measured = MeasureVerify(options, archive, *bare, what_if);
    if (!measured) return tl::unexpected<Error>(measured.error());
    all.push_back(std::move(*measured));
  }
  return all;
}

}  // namespace

Result<Measurements> RunDebugger(const BenchOptions& options, DataSet& data) {
  auto node = data.Open();
  if (!node) return tl::unexpected<Error>(node.error());
  const replay::StoreArchive archive = ArchiveOf(**node);
  return RunParts(options, "debugger",
                  {
                      {"reads", [&] { return MeasureReads(options, **node, archive); }},
                      {"verify", [&] { return MeasureVerifies(options, archive); }},
                      {"snapshots", [&] { return MeasureSnapshots(options, **node, data); }},
                      {"list", [&] { return MeasureListsAt(options, **node, data); }},
                  });
}

}  // namespace sluice::bench
