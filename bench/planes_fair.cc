// A sender that floods: how long the commands of others take meanwhile, against the time without
// it. Beside it what they take where nothing tells them from the flood: under its own name.
#include <thread>

#include "bench/groups.h"
#include "bench/workload.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kEntitiesMax = 2'000;
constexpr uint64_t kOthersPerS = 200;
// Of the flood, over all partitions; what is beyond a partition's window waits at its gate.
constexpr size_t kFloodInFlight = 4'096;
constexpr size_t kLoadInFlight = 512;

// Of the second half of the entities, so that nobody waits for the flood at an entity.
Command OfOthers(uint64_t number, uint64_t half, const std::string& sender) {
  Command command = MakeStep(half + number % half, 4 + 2 * (number / half));
  command.id.clear();
  command.actor = sender;
  return command;
}

Command OfFlood(uint64_t number, uint64_t half) {
  Command command = MakeStep(number % half, 4);
  command.id.clear();
  command.actor = "flood";
  return command;
}

uint64_t HalfOf(const BenchOptions& options) {
  return std::max<uint64_t>(1, std::min(kEntitiesMax, options.entities) / 2);
}

Result<LoadResult> Others(const BenchOptions& options, Node& node, const std::string& sender) {
  const uint64_t half = HalfOf(options);
  return RunOpenLoop(
      node, kOthersPerS,
      [&](uint64_t n) -> std::optional<Command> { return OfOthers(n, half, sender); }, options.time,
      options.stop);
}

struct Flooded {
  LoadResult others;
  double flood_per_s = 0;
};

Result<Flooded> BesideAFlood(const BenchOptions& options, Node& node, const std::string& sender) {
  std::stop_source enough;
  Result<LoadResult> flood;
  const uint64_t half = HalfOf(options);
  const size_t in_flight = std::min<size_t>(kFloodInFlight, 8 * half);
  std::thread flooder([&] {
    flood = RunClosedLoop(
        node, in_flight,
        [&](uint64_t n) -> std::optional<Command> {
          if (enough.stop_requested()) return std::nullopt;
          return OfFlood(n, half);
        },
        Duration{}, options.stop);
  });
  std::this_thread::sleep_for(std::chrono::microseconds(options.time.us / 8));  // let it pile up
  auto others = Others(options, node, sender);
  enough.request_stop();
  flooder.join();
  if (!others) return tl::unexpected<Error>(others.error());
  if (!flood) return tl::unexpected<Error>(flood.error());
  return Flooded{std::move(*others), flood->per_s()};
}

Result<void> Load(const BenchOptions& options, Node& node) {
  const uint64_t entities = 2 * HalfOf(options);
  const auto loaded = RunClosedLoop(
      node, kLoadInFlight,
      [entities](uint64_t n) -> std::optional<Command> {
        if (n < kLocations) return MakeLocation(n);
        n -= kLocations;
        if (n >= 4 * entities) return std::nullopt;
        return MakeStep(n % entities, n / entities);
      },
      Duration{}, options.stop);
  if (!loaded) return tl::unexpected<Error>(loaded.error());
  if (auto rest = AwaitRest(node, options.stop); !rest) return tl::unexpected<Error>(rest.error());
  return {};
}

Measurement Waited(const char* name, LoadResult& load, double alone_p99_us) {
  Measurement one{.name = name};
  one.per_s = load.per_s();
  one.p50_us = load.latencies.Quantile(0.5);
  one.p99_us = load.latencies.Quantile(0.99);
  if (alone_p99_us > 0) one.ratio = *one.p99_us / alone_p99_us;
  return one;
}

}  // namespace

Result<Measurements> RunFairness(const BenchOptions& options, DataSet& data) {
  data.Close();
  if (auto made = data.MakeScratch(); !made) return tl::unexpected<Error>(made.error());
  auto node = OpenNode(options, data.scratch().Path("fair"));
  if (!node) return tl::unexpected<Error>(node.error());
  options.Say("planes: a sender that floods");
  if (auto loaded = Load(options, **node); !loaded) return tl::unexpected<Error>(loaded.error());
  auto alone = Others(options, **node, "others");
  if (!alone) return tl::unexpected<Error>(alone.error());
  auto beside = BesideAFlood(options, **node, "others");
  if (!beside) return tl::unexpected<Error>(beside.error());
  auto among = BesideAFlood(options, **node, "flood");
  if (!among) return tl::unexpected<Error>(among.error());
  Measurements measured;
  measured.push_back(Waited("planes/others-without-a-flood", *alone, 0));
  const double alone_p99_us = *measured.front().p99_us;
  measured.push_back(Waited("planes/others-beside-a-flood", beside->others, alone_p99_us));
  measured.back().count = beside->flood_per_s;
  measured.back().target = "ratio of p99; count: the flood's commands/s";
  measured.push_back(Waited("planes/others-in-the-flood", among->others, alone_p99_us));
  measured.back().count = among->flood_per_s;
  measured.back().target = "for comparison: under its name";
  node->reset();
  data.scratch().Remove("fair");
  return measured;
}

}  // namespace sluice::bench
