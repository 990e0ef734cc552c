// Whole planes: a workload from nothing to all ready, an ordered rollout, and the pure libraries
// behind them. Beside each its yardstick: plain commands of the same node, or the smallest size.
#include <algorithm>
#include <array>

#include "bench/groups.h"
#include "bench/instant_provider.h"
#include "bench/planes_pure.h"
#include "bench/workload.h"
#include "events/location.gen.h"
#include "events/network.gen.h"
#include "events/workload.gen.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kPerCity = 1'000;  // the most a deployment may have
constexpr uint64_t kInstances = 10'000;
constexpr uint64_t kRollout = 1'000;
constexpr char kShop[] = "workload/default/shop";
constexpr char kPool[] = "deployment/default/pool";

template <class C>
Command To(std::string entity, C payload) {
  Command command;
  command.entity = std::move(entity);
  command.payload = AnyTable::Of(std::move(payload));
  return command;
}

std::string City(uint64_t number) { return fmt::format("C{}", number); }

Command MakeCity(uint64_t number) {
  LocationApply apply;
  apply.spec.provider = "local";
  apply.spec.topology["topology.datum.net/city-code"] = City(number);
  return To(fmt::format("location/default/at-{}", number), std::move(apply));
}

Command MakeNetwork() {
  NetworkApply apply;
  apply.spec.ipam.mode = IpamMode::kAuto;
  return To("network/default/default", std::move(apply));
}

InstanceTemplate Template(uint64_t revision, bool with_network) {
  InstanceTemplate from;
  ProcessRuntime process;
  process.command = {"/usr/bin/serve", "--revision", std::to_string(revision)};
  from.spec.runtime.process = std::move(process);
  if (with_network)
    from.spec.network_interfaces.push_back({.network = {.name = "default"}, .network_policy = {}});
  return from;
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
  return To(kShop, std::move(apply));
}

Command MakePool(uint64_t replicas, uint64_t revision, ManagementPolicy policy) {
  DeploymentApply apply;
  apply.spec.location.name = "at-0";
  apply.spec.scale_settings.min_replicas = static_cast<int32_t>(replicas);
  apply.spec.scale_settings.instance_management_policy = policy;
  apply.spec.template_ = Template(revision, false);
  return To(kPool, std::move(apply));
}

Result<void> SendOne(const BenchOptions& options, Node& node, Command command) {
  auto sent = RunClosedLoop(
      node, 1,
      [&](uint64_t n) -> std::optional<Command> {
        if (n > 0) return std::nullopt;
        return command;
      },
      Duration{}, options.stop);
  if (!sent) return tl::unexpected<Error>(sent.error());
  return {};
}

// A number of an object's status, as its JSON has it; 0 when there is none.
uint64_t StatusNumber(const Queries& queries, std::string_view entity, const std::string& name) {
  const auto object = queries.Get(*ParseEntityKey(entity));
  if (!object || !*object) return 0;
  const std::string& json = (*object)->json;
  // Totals stand before the rows of the placements.
  const std::string mark = "\"" + name + "\":";
  const size_t at = json.find(mark, json.find("\"status\":"));
  return at == std::string::npos ? 0 : std::stoull("0" + json.substr(at + mark.size(), 20));
}

// The object's version: it moves once per decision that changes the object.
uint64_t VersionOf(const Queries& queries, std::string_view entity) {
  const auto object = queries.Get(*ParseEntityKey(entity));
  return object && *object ? (*object)->version : 0;
}

struct Cost {
  double seconds = 0;
  double own_seconds = 0;         // of processor time, but for
  double background_seconds = 0;  // flushes and compactions
  uint64_t decisions = 0;
};

// What it costs until `ready` of the workload's instances are.
Result<Cost> Fill(const BenchOptions& options, Node& node, InstantProvider& provider,
                  uint64_t cities, uint64_t per_city) {
  Cost cost;
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
  cost.background_seconds = BackgroundCpuSeconds() - background;
  const auto rest = AwaitRest(node, options.stop);
  if (!rest) return tl::unexpected<Error>(rest.error());
  cost.decisions = *rest - before;
  return cost;
}

// On a node of its own, so that nothing of it is pending beside what is measured.
Result<double> PlainCommands(const BenchOptions& options, DataSet& data) {
  auto node = OpenNode(options, data.scratch().Path("plain"));
  if (!node) return tl::unexpected<Error>(node.error());
  const uint64_t entities = std::min<uint64_t>(options.entities, kInstances);
  const auto plain = RunClosedLoop(
      **node, options.in_flight,
      [&](uint64_t n) -> std::optional<Command> {
        if (n < kLocations) return MakeLocation(n);
        return MakeStep((n - kLocations) % entities, (n - kLocations) / entities);
      },
      options.time, options.stop);
  if (!plain) return tl::unexpected<Error>(plain.error());
  node->reset();
  data.scratch().Remove("plain");
  return plain->per_s();
}

// City by city, so that the cost of a further one shows beside the first's.
Result<Measurements> MeasureWorkload(const BenchOptions& options, DataSet& data, double plain) {
  const uint64_t total = std::min(kInstances, options.entities);
  const uint64_t per_city = std::max<uint64_t>(1, std::min(kPerCity, total / 10));
  const uint64_t cities = std::max<uint64_t>(1, total / per_city);
  auto node = OpenNode(options, data.scratch().Path("planes"));
  if (!node) return tl::unexpected<Error>(node.error());
  InstantProvider provider(**node, options);
  for (uint64_t i = 0; i < cities; ++i) {
    if (auto made = SendOne(options, **node, MakeCity(i)); !made) {
      return tl::unexpected<Error>(made.error());
    }
  }
  if (auto made = SendOne(options, **node, MakeNetwork()); !made) {
    return tl::unexpected<Error>(made.error());
  }
  Cost all;
  std::array<double, 2> halves{};      // processor time
  std::array<double, 2> own_halves{};  // of it without flushes and compactions
  double first = 0;
  double last = 0;
  double own_first = 0;
  double own_last = 0;
  double first_decisions = 0;
  double last_decisions = 0;
  for (uint64_t city = 1; city <= cities; ++city) {
    options.Say(fmt::format("planes: {} of {} instances", (city - 1) * per_city, total));
    const auto cost = Fill(options, **node, provider, city, per_city);
    if (!cost) return tl::unexpected<Error>(cost.error());
    all.seconds += cost->seconds;
    all.decisions += cost->decisions;
    all.background_seconds += cost->background_seconds;
    const double seconds = cost->own_seconds + cost->background_seconds;
    const size_t half = 2 * city <= cities ? 0 : 1;
    halves[half] += seconds;
    own_halves[half] += cost->own_seconds;
    last = static_cast<double>(per_city) / seconds;
    own_last = static_cast<double>(per_city) / cost->own_seconds;
    last_decisions = static_cast<double>(cost->decisions) / static_cast<double>(per_city);
    options.Say(fmt::format(
        "planes: city {} at {:.0f} us of processor time an instance, {:.0f} of it the node's own",
        city, 1e6 / last, 1e6 / own_last));
    if (city == 1) first = last;
    if (city == 1) own_first = own_last;
    if (city == 1) first_decisions = last_decisions;
  }
  const double instances = static_cast<double>(cities * per_city);
  Measurement ready{.name = fmt::format("planes/workload-{}", cities * per_city)};
  ready.Compare(instances / all.seconds, plain);
  ready.rss_bytes = ResidentBytes();
  ready.count = static_cast<double>(all.decisions) / instances;
  ready.target = "decisions per instance";
  Measurement further{.name = "planes/a-further-thousand"};
  further.Compare(last, first);
  further.target = "flat";
  Measurement half{.name = "planes/the-second-half"};
  const uint64_t in_first = cities / 2 * per_city;
  half.Compare((instances - static_cast<double>(in_first)) / halves[1],
               static_cast<double>(in_first) / halves[0]);
  half.target = "flat";
  Measurement decisions{.name = "planes/decisions-of-a-further-thousand"};
  decisions.ratio = last_decisions / first_decisions;
  decisions.count = last_decisions;
  decisions.target = "flat; count: per instance";
  // Of the first thousand nothing is flushed or compacted yet, a later one may have to pay for
  // five: what the node itself takes is told of besides.
  Measurement own{.name = "planes/a-further-thousand-own"};
  own.Compare(own_last, own_first);
  own.target = "flat; without flushes and compactions";
  Measurement own_half{.name = "planes/the-second-half-own"};
  own_half.Compare((instances - static_cast<double>(in_first)) / own_halves[1],
                   static_cast<double>(in_first) / own_halves[0]);
  own_half.target = "flat; the same";
  Measurement background{.name = "planes/flushes-and-compactions"};
  background.count = 1e6 * all.background_seconds / instances;
  background.target = "count: us of processor time an instance";
  node->reset();
  data.scratch().Remove("planes");
  return Measurements{std::move(ready),    std::move(further),  std::move(half),
                      std::move(own),      std::move(own_half), std::move(background),
                      std::move(decisions)};
}

Result<Measurements> MeasureRollout(const BenchOptions& options, DataSet& data, double plain) {
  const uint64_t replicas = std::min(kRollout, options.entities);
  auto node = OpenNode(options, data.scratch().Path("planes"));
  if (!node) return tl::unexpected<Error>(node.error());
  InstantProvider provider(**node, options);
  const auto current = [&] {
    return StatusNumber(provider.queries(), kPool, "currentReplicas") == replicas &&
           StatusNumber(provider.queries(), kPool, "readyReplicas") == replicas;
  };
  for (Command& command :
       std::vector<Command>{MakeCity(0), MakePool(replicas, 1, ManagementPolicy::kParallel)}) {
    if (auto sent = SendOne(options, **node, std::move(command)); !sent) {
      return tl::unexpected<Error>(sent.error());
    }
  }
  options.Say("planes: instances to roll out to");
  if (auto served = provider.ServeUntil(current); !served) {
    return tl::unexpected<Error>(served.error());
  }
  if (auto rest = AwaitRest(**node, options.stop); !rest) {
    return tl::unexpected<Error>(rest.error());
  }
  options.Say("planes: ordered rollout");
  const uint64_t before = CountDecisions(**node);
  const uint64_t written = VersionOf(provider.queries(), kPool);
  const Stopwatch watch;
  auto sent = SendOne(options, **node, MakePool(replicas, 2, ManagementPolicy::kOrderedReady));
  if (!sent) return tl::unexpected<Error>(sent.error());
  if (auto served = provider.ServeUntil(current); !served) {
    return tl::unexpected<Error>(served.error());
  }
  const double seconds = watch.Seconds();
  const auto rest = AwaitRest(**node, options.stop);
  if (!rest) return tl::unexpected<Error>(rest.error());
  const double count = static_cast<double>(replicas);
  Measurement rollout{.name = fmt::format("planes/ordered-rollout-{}", replicas)};
  rollout.Compare(count / seconds, plain);
  rollout.count = static_cast<double>(*rest - before) / count;
  rollout.target = "decisions per instance";
  Measurement writes{.name = "planes/rollout-status-writes"};
  writes.count = static_cast<double>(VersionOf(provider.queries(), kPool) - written) / count;
  writes.target = "writes per instance";
  Measurement size{.name = "planes/deployment-json"};
  const auto object = provider.queries().Get(*ParseEntityKey(kPool));
  if (object && *object) size.count = static_cast<double>((*object)->json.size());
  size.target = "bytes, bounded";
  node->reset();
  data.scratch().Remove("planes");
  return Measurements{std::move(rollout), std::move(writes), std::move(size)};
}

Measurements MeasurePure(const BenchOptions& options) {
  options.Say("planes: planner and allocator");
  Measurements measured = MeasureAllocator(std::min<uint64_t>(1'000'000, options.entities * 10));
  measured.insert(measured.begin(), MeasurePlanner(kInstances));
  return measured;
}

}  // namespace

Result<Measurements> RunPlanes(const BenchOptions& options, DataSet& data) {
  data.Close();
  if (auto made = data.MakeScratch(); !made) return tl::unexpected<Error>(made.error());
  double plain = 0;
  if (options.Wants("workload") || options.Wants("rollout")) {
    const auto measured = PlainCommands(options, data);
    if (!measured) return tl::unexpected<Error>(measured.error());
    plain = *measured;
  }
  const std::pair<std::string_view, std::function<Result<Measurements>()>> parts[] = {
      {"workload", [&] { return MeasureWorkload(options, data, plain); }},
      {"rollout", [&] { return MeasureRollout(options, data, plain); }},
      {"servers", [&] { return RunServerPlane(options, data); }},
      {"fairness", [&] { return RunFairness(options, data); }},
      {"gate", [&] { return RunGate(options, data); }},
      {"pure", [&] { return MeasurePure(options); }},
  };
  Measurements all;
  for (const auto& [name, measure] : parts) {
    if (!options.Wants(name)) continue;
    auto measured = measure();
    if (!measured) return measured;
    for (Measurement& one : *measured) all.push_back(std::move(one));
  }
  if (all.empty()) return Err(ErrorCode::kInvalid, "--only names none of the planes' parts");
  return all;
}

}  // namespace sluice::bench
