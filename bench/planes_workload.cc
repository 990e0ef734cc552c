// A workload from nothing to all ready, with the networks its instances are on.
#include <algorithm>
#include <array>

#include "bench/groups.h"
#include "bench/instant_provider.h"
#include "bench/planes_objects.h"
#include "events/network.gen.h"
#include "events/workload.gen.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kPerCity = 1'000;  // the most a deployment may have
constexpr char kShop[] = "workload/default/shop";

Command MakeNetwork() {
  NetworkApply apply;
  // Of its own choice it has room for sixteen cities of a thousand.
  apply.spec.ipam.mode = IpamMode::kPolicy;
  apply.spec.ipam.ipv4_range = "10.64.0.0/12";
  return MakeCommand("network/default/default", std::move(apply));
}

Command MakeWorkload(uint64_t cities, uint64_t per_city) {
  WorkloadApply apply;
  apply.spec.template_ = Template(1, true);
  Placement placement;
  placement.name = "all";
  for (uint64_t i = 0; i < cities; ++i) placement.city_codes.push_back(City(i));
  placement.scale_settings.min_replicas = static_cast<int32_t>(per_city);
  placement.scale_settings.instance_management_policy = ManagementPolicy::kParallel;
  apply.spec.placements.push_back(std::move(placement));
  return MakeCommand(kShop, std::move(apply));
}

// `instances` are wanted; the last of them are left out where they fill no city.
struct WorkloadSize {
  uint64_t instances = 0;
  uint64_t cities = 0;
  uint64_t per_city = 0;
};

WorkloadSize SizeOf(const BenchOptions& options) {
  WorkloadSize size;
  size.instances = std::min(kPlaneInstances, options.entities);
  size.per_city = std::max<uint64_t>(1, std::min(kPerCity, size.instances / 10));
  size.cities = std::max<uint64_t>(1, size.instances / size.per_city);
  return size;
}

// What it cost until so many instances were ready.
struct Cost {
  uint64_t instances = 0;
  uint64_t decisions = 0;
  double seconds = 0;
  double own_seconds = 0;         // of processor time, but for
  double background_seconds = 0;  // flushes and compactions

  void Add(const Cost& further) {
    instances += further.instances;
    decisions += further.decisions;
    seconds += further.seconds;
    own_seconds += further.own_seconds;
    background_seconds += further.background_seconds;
  }
  double Count() const { return static_cast<double>(instances); }
  double DecisionsEach() const { return static_cast<double>(decisions) / Count(); }
  double PerCpuSecond() const { return Count() / (own_seconds + background_seconds); }
  double PerOwnSecond() const { return Count() / own_seconds; }
};

// Of cities, as they were filled one after the other.
struct CityCosts {
  Cost first;
  Cost last;  // of `all`
  std::array<Cost, 2> halves;
  Cost all;
  uint64_t rss_bytes = 0;  // with `all`
  Cost as_many_again;
};

// Fills the last of `cities`; the ones before it are full. Each pays for all of its own flushes and
// compactions: else the first would leave theirs to later ones.
Result<Cost> FillCity(const BenchOptions& options, Node& node, InstantProvider& provider,
                      const std::string& scratch, uint64_t cities, uint64_t per_city) {
  Cost cost{.instances = per_city};
  const uint64_t before = CountDecisions(node);
  const double own = OwnCpuSeconds();
  const double background = BackgroundCpuSeconds();
  const Stopwatch watch;
  auto applied = SendOne(options, node, MakeWorkload(cities, per_city));
  if (!applied) return tl::unexpected<Error>(applied.error());
  auto served = provider.ServeUntil([&] {
    return StatusNumber(provider.queries(), kShop, "readyReplicas") == cities * per_city;
  });
  if (!served) return tl::unexpected<Error>(served.error());
  cost.seconds = watch.Seconds();
  cost.own_seconds = OwnCpuSeconds() - own;
  const auto rest = AwaitRest(node, options.stop);
  if (!rest) return tl::unexpected<Error>(rest.error());
  cost.decisions = *rest - before;
  if (auto settled = SettleFiles(node, scratch, options.stop); !settled) {
    return tl::unexpected<Error>(settled.error());
  }
  cost.background_seconds = BackgroundCpuSeconds() - background;
  return cost;
}

Result<void> MakeSurroundings(const BenchOptions& options, Node& node, uint64_t cities) {
  for (uint64_t i = 0; i < cities; ++i) {
    if (auto made = SendOne(options, node, MakeCity(i)); !made) return made;
  }
  return SendOne(options, node, MakeNetwork());
}

// City by city, so that the cost of a further one shows beside the first's.
Result<CityCosts> FillCities(const BenchOptions& options, Node& node, InstantProvider& provider,
                             const std::string& scratch, const WorkloadSize& size) {
  CityCosts costs;
  for (uint64_t city = 1; city <= 2 * size.cities; ++city) {
    options.Say(
        fmt::format("planes: {} of {} instances", (city - 1) * size.per_city, 2 * size.instances));
    const auto cost = FillCity(options, node, provider, scratch, city, size.per_city);
    if (!cost) return tl::unexpected<Error>(cost.error());
    options.Say(fmt::format(
        "planes: city {} at {:.0f} us of processor time an instance, {:.0f} of it the node's own",
        city, 1e6 / cost->PerCpuSecond(), 1e6 / cost->PerOwnSecond()));
    if (city > size.cities) {
      costs.as_many_again.Add(*cost);
      continue;
    }
    if (city == 1) costs.first = *cost;
    costs.last = *cost;
    costs.halves[2 * city <= size.cities ? 0 : 1].Add(*cost);
    costs.all.Add(*cost);
    costs.rss_bytes = ResidentBytes();
  }
  return costs;
}

// Whether later ones cost as much.
Measurement Flat(std::string name, double later_per_s, double earlier_per_s, std::string target) {
  Measurement measured{.name = std::move(name)};
  measured.Compare(later_per_s, earlier_per_s);
  measured.target = std::move(target);
  return measured;
}

Measurements MeasurementsOf(const CityCosts& costs, double plain) {
  const auto& [first, last, halves, all, rss_bytes, again] = costs;
  Measurement ready{.name = fmt::format("planes/workload-{}", all.instances)};
  ready.Compare(all.Count() / all.seconds, plain);
  ready.rss_bytes = rss_bytes;
  ready.count = all.DecisionsEach();
  ready.target = "decisions per instance";
  Measurement further =
      Flat("planes/a-further-thousand", last.PerCpuSecond(), first.PerCpuSecond(), "flat");
  Measurement half =
      Flat("planes/the-second-half", halves[1].PerCpuSecond(), halves[0].PerCpuSecond(), "flat");
  Measurement decisions{.name = "planes/decisions-of-a-further-thousand"};
  decisions.ratio = last.DecisionsEach() / first.DecisionsEach();
  decisions.count = last.DecisionsEach();
  decisions.target = "flat; count: per instance";
  // Compactions come in lumps all the same, four or six flushes at a time: what the node itself
  // takes is told of besides.
  Measurement own = Flat("planes/a-further-thousand-own", last.PerOwnSecond(), first.PerOwnSecond(),
                         "flat; without flushes and compactions");
  Measurement own_half = Flat("planes/the-second-half-own", halves[1].PerOwnSecond(),
                              halves[0].PerOwnSecond(), "flat; the same");
  Measurement as_many =
      Flat("planes/as-many-again", again.PerCpuSecond(), all.PerCpuSecond(), "flat");
  Measurement own_as_many =
      Flat("planes/as-many-again-own", again.PerOwnSecond(), all.PerOwnSecond(), "flat; the same");
  Measurement background{.name = "planes/flushes-and-compactions"};
  background.count = 1e6 * all.background_seconds / all.Count();
  background.target = "count: us of processor time an instance";
  return Measurements{std::move(ready),       std::move(further),    std::move(half),
                      std::move(as_many),     std::move(own),        std::move(own_half),
                      std::move(own_as_many), std::move(background), std::move(decisions)};
}

}  // namespace

Result<Measurements> RunWorkloadPlane(const BenchOptions& options, DataSet& data, double plain) {
  const WorkloadSize size = SizeOf(options);
  auto node = OpenNode(options, data.scratch().Path("planes"));
  if (!node) return tl::unexpected<Error>(node.error());
  InstantProvider provider(**node, options);
  if (auto made = MakeSurroundings(options, **node, 2 * size.cities); !made) {
    return tl::unexpected<Error>(made.error());
  }
  const auto costs =
      FillCities(options, **node, provider, data.scratch().Path("planes-files"), size);
  if (!costs) return tl::unexpected<Error>(costs.error());
  Measurements measured = MeasurementsOf(*costs, plain);
  node->reset();
  data.scratch().Remove("planes");
  return measured;
}

}  // namespace sluice::bench
