// Collections of one entity: members of a registry, observers of a location, holders of a network.
// The load is the same at every size, only spread over fewer and larger collections.
#include <algorithm>
#include <array>

#include "bench/groups.h"
#include "bench/workload.h"
#include "events/codec.h"
#include "events/instance.gen.h"
#include "events/location.gen.h"
#include "events/make_command.h"
#include "events/network.gen.h"

namespace sluice::bench {
namespace {

// Entities of a load whose collections are smaller than that together.
constexpr uint64_t kEntitiesMin = 10'000;
constexpr uint64_t kRoundCommands = 1'000;
constexpr size_t kCollectionsInFlight = 512;

// Entity n of a load stands in collection n % `parents`.
struct Shape {
  uint64_t entities = 0;
  uint64_t parents = 0;
};

// What a kind of collection is made of.
struct Collection {
  std::string_view name;
  // Commands that make a parent, and an entity in its collection.
  Command (*make_parent)(uint64_t parent);
  Command (*make)(uint64_t number, const Shape& shape);
  // A round of commands that work on collections and leave their sizes as they are, in parts: each
  // is sent when the part before it has come to rest.
  std::vector<std::vector<Command>> (*round)(uint64_t round, const Shape& shape);
};

// The numbers of a round's entities: every one in its turn.
template <class Make>
std::vector<Command> Each(uint64_t round, uint64_t count, uint64_t of, const Make& make) {
  std::vector<Command> commands;
  for (uint64_t i = 0; i < std::min(count, of); ++i)
    commands.push_back(make((round * count + i) % of));
  return commands;
}

// --- Members of registry/ns-N/locations: locations, which join it and say when labels change.

Command MakeMember(uint64_t number, const Shape& shape, std::string revision) {
  LocationApply apply;
  apply.spec.provider = "local";
  apply.labels["revision"] = std::move(revision);
  return MakeCommand(fmt::format("location/ns-{}/member-{}", number % shape.parents, number),
                     std::move(apply));
}

std::vector<std::vector<Command>> ChangeMembers(uint64_t round, const Shape& shape) {
  return {Each(round, kRoundCommands, shape.entities, [&](uint64_t number) {
    return MakeMember(number, shape, fmt::format("r{}", round));
  })};
}

// --- Observers of location/default/parent-N: the instances there.

Command MakeObserved(uint64_t parent) {
  LocationApply apply;
  apply.spec.provider = "local";
  return MakeCommand(fmt::format("location/default/parent-{}", parent), std::move(apply));
}

Command MakeObserver(uint64_t number, const Shape& shape) {
  InstanceApply apply;
  apply.spec.location.name = fmt::format("parent-{}", number % shape.parents);
  ProcessRuntime process;
  process.command = {"/usr/bin/serve"};
  apply.spec.runtime.process = std::move(process);
  return MakeCommand(fmt::format("instance/default/observer-{}", number), std::move(apply));
}

std::vector<std::vector<Command>> ChangeObserved(uint64_t, const Shape& shape) {
  return {Each(0, shape.parents, shape.parents, [](uint64_t parent) {
    return MakeCommand(fmt::format("location/default/parent-{}", parent),
                       AcquireLease{.provider = "local", .holder = "bench"});
  })};
}

// --- Holders of network/default/parent-N: network bindings.

Command MakeNetwork(uint64_t parent) {
  NetworkApply apply;
  apply.spec.ipam.mode = IpamMode::kPolicy;
  apply.spec.ipam.ipv4_range = fmt::format("10.{}.{}.0/24", parent / 256 % 256, parent % 256);
  apply.spec.ip_families = {"IPv4"};
  return MakeCommand(fmt::format("network/default/parent-{}", parent), std::move(apply));
}

std::string HolderKey(uint64_t number) {
  return fmt::format("networkbinding/default/holder-{}", number);
}

Command MakeHolder(uint64_t number, const Shape& shape) {
  NetworkBindingApply apply;
  apply.spec.network.name = fmt::format("parent-{}", number % shape.parents);
  apply.spec.location.name = "here";
  return MakeCommand(HolderKey(number), std::move(apply));
}

std::vector<std::vector<Command>> ReplaceHolders(uint64_t round, const Shape& shape) {
  const uint64_t count = std::min(kRoundCommands, shape.entities / 2);
  return {Each(round, count, shape.entities,
               [](uint64_t number) { return MakeCommand(HolderKey(number), Delete{}); }),
          Each(round, count, shape.entities,
               [&](uint64_t number) { return MakeHolder(number, shape); })};
}

constexpr std::array<Collection, 3> kCollections = {{
    {"registry-members", nullptr,
     [](uint64_t number, const Shape& shape) { return MakeMember(number, shape, "r"); },
     &ChangeMembers},
    {"observers", &MakeObserved, &MakeObserver, &ChangeObserved},
    {"network-holders", &MakeNetwork, &MakeHolder, &ReplaceHolders},
}};

// How many decisions there are when it has come to rest.
Result<uint64_t> SendAll(const BenchOptions& options, Node& node, const CommandSource& source) {
  auto sent = RunClosedLoop(node, kCollectionsInFlight, source, Duration{}, options.stop);
  if (!sent) return tl::unexpected<Error>(sent.error());
  return AwaitRest(node, options.stop);
}

Result<void> Grow(const BenchOptions& options, Node& node, const Collection& collection,
                  const Shape& shape) {
  if (collection.make_parent != nullptr) {
    auto made = SendAll(options, node, [&](uint64_t n) -> std::optional<Command> {
      if (n >= shape.parents) return std::nullopt;
      return collection.make_parent(n);
    });
    if (!made) return tl::unexpected<Error>(made.error());
  }
  auto grown = SendAll(options, node, [&](uint64_t n) -> std::optional<Command> {
    if (n >= shape.entities) return std::nullopt;
    if (n % 1'000 == 0) {
      options.Say(fmt::format("collections: {} of {} {}", n, shape.entities, collection.name));
    }
    return collection.make(n, shape);
  });
  if (!grown) return tl::unexpected<Error>(grown.error());
  return {};
}

// Decisions per second of processor time. Follow-ups count as what they are: decisions.
Result<double> RateOfRounds(const BenchOptions& options, Node& node, const Collection& collection,
                            const Shape& shape) {
  const Stopwatch watch;
  double seconds = 0;
  uint64_t decisions = 0;
  for (uint64_t round = 1; round == 1 || watch.Elapsed() < options.time; ++round) {
    for (const std::vector<Command>& part : collection.round(round, shape)) {
      const uint64_t before = CountDecisions(node);
      const double cpu = ProcessCpuSeconds();
      auto sent = SendAll(options, node, [&](uint64_t n) -> std::optional<Command> {
        if (n >= part.size()) return std::nullopt;
        return part[n];
      });
      if (!sent) return tl::unexpected<Error>(sent.error());
      seconds += ProcessCpuSeconds() - cpu;
      decisions += *sent - before;
    }
  }
  return static_cast<double>(decisions) / seconds;
}

Result<double> MeasureSize(const BenchOptions& options, DataSet& data, const Collection& collection,
                           uint64_t size) {
  const uint64_t total = std::max(size, std::min(kEntitiesMin, options.entities));
  const Shape shape{.entities = total / size * size, .parents = total / size};
  if (auto made = data.MakeScratch(); !made) return tl::unexpected<Error>(made.error());
  auto node = OpenNode(options, data.scratch().Path("collections"));
  if (!node) return tl::unexpected<Error>(node.error());
  auto grown = Grow(options, **node, collection, shape);
  if (!grown) return tl::unexpected<Error>(grown.error());
  options.Say(fmt::format("collections/{}-{}", collection.name, size));
  auto rate = RateOfRounds(options, **node, collection, shape);
  node->reset();
  data.scratch().Remove("collections");
  return rate;
}

}  // namespace

Result<Measurements> RunCollections(const BenchOptions& options, DataSet& data) {
  data.Close();
  std::vector<uint64_t> sizes;
  for (const uint64_t size : {uint64_t{10}, uint64_t{1'000}, options.entities}) {
    if (size <= options.entities && (sizes.empty() || size > sizes.back())) sizes.push_back(size);
  }
  Measurements measured;
  for (const Collection& collection : kCollections) {
    std::optional<double> smallest;
    for (const uint64_t size : sizes) {
      const auto rate = MeasureSize(options, data, collection, size);
      if (!rate) return tl::unexpected<Error>(rate.error());
      if (!smallest) smallest = *rate;
      Measurement one;
      one.name = fmt::format("collections/{}-{}", collection.name, size);
      one.Compare(*rate, *smallest);
      one.target = "flat";
      measured.push_back(std::move(one));
    }
  }
  return measured;
}

}  // namespace sluice::bench
