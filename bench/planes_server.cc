// The reverse edge: servers that report, each to the instance that its tag names. What a report
// costs must not depend on how many there are.
#include <array>
#include <random>

#include "bench/groups.h"
#include "bench/workload.h"
#include "events/instance.gen.h"
#include "machines/server/server.h"

namespace sluice::bench {
namespace {

constexpr size_t kInFlight = 512;
constexpr uint64_t kReportsAtOnce = 1'000;  // a second's, where 1 % of 100,000 change
// One at the server, one at its instance.
constexpr uint64_t kDecisionsPerReport = 2;

Command MakeInstance(uint64_t number) {
  InstanceApply apply;
  apply.spec.backend = "server";
  apply.spec.server_spec = ServerSpec{.flavor = "m1", .image = "debian-12"};
  Command command;
  command.entity = fmt::format("instance/default/web-{}", number);
  command.payload = AnyTable::Of(std::move(apply));
  return command;
}

// `mapped`: it names its instance; else it is nobody's.
Command Report(uint64_t number, uint64_t version, bool mapped) {
  ReportServer report;
  report.id = fmt::format("srv-{}", number);
  report.region = "r1";
  report.tags[mapped ? kInstanceTag : "compute.unikorn-cloud.org/note"] =
      fmt::format("default/web-{}", number);
  report.flavor = "m1";
  report.image = "debian-12";
  report.phase = "Provisioned";
  report.power = "Running";
  report.health = version % 2 == 0 ? "Healthy" : "Degraded";
  report.private_ip =
      fmt::format("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
  report.resource_version = version;
  Command command;
  command.entity = "server/default/" + report.id;
  command.payload = AnyTable::Of(std::move(report));
  return command;
}

// How many decisions there are when it has come to rest.
Result<uint64_t> SendAll(const BenchOptions& options, Node& node, uint64_t count,
                         const std::function<Command(uint64_t)>& make) {
  auto sent = RunClosedLoop(
      node, kInFlight,
      [&](uint64_t n) -> std::optional<Command> {
        if (n >= count) return std::nullopt;
        return make(n);
      },
      Duration{}, options.stop);
  if (!sent) return tl::unexpected<Error>(sent.error());
  return AwaitRest(node, options.stop);
}

struct ServerCost {
  double per_s = 0;      // rounds per second of processor time
  double own_per_s = 0;  // the same without flushes and compactions
  double reads = 0;      // of the store, each
};

// Servers on a node of their own.
class Region {
 public:
  // `mapped`: each has an instance. Else nobody's, the same number of entities altogether.
  static Result<std::unique_ptr<Region>> Open(const BenchOptions& options, DataSet& data,
                                              uint64_t servers, bool mapped) {
    if (auto made = data.MakeScratch(); !made) return tl::unexpected<Error>(made.error());
    auto node = OpenNode(options, data.scratch().Path("servers"));
    if (!node) return tl::unexpected<Error>(node.error());
    std::unique_ptr<Region> region(new Region(options, data, std::move(*node), servers, mapped));
    auto made = region->Load();
    if (!made) return tl::unexpected<Error>(made.error());
    return region;
  }
  ~Region() {
    node_.reset();
    data_.scratch().Remove("servers");
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  // Reports of servers that changed, any of the first `changing` as likely as another: one report
  // of a mapped one is two decisions, its own and its instance's; of the others two are.
  Result<ServerCost> Measure(uint64_t changing) {
    // What loading left to be compacted is not what is measured.
    if (auto idle = AwaitIdle(options_.stop); !idle) return tl::unexpected<Error>(idle.error());
    const uint64_t each = mapped_ ? 1 : 2;
    const Stopwatch watch;
    const uint64_t reads = Reads();
    double seconds = 0;
    double own_seconds = 0;
    uint64_t rounds = 0;
    while (rounds == 0 || watch.Elapsed() < options_.time) {
      const uint64_t before = CountDecisions(*node_);
      const double cpu = ProcessCpuSeconds();
      const double own = OwnCpuSeconds();
      const auto rest = SendAll(options_, *node_, kReportsAtOnce * each,
                                [&](uint64_t) { return Next(random_() % changing); });
      if (!rest) return tl::unexpected<Error>(rest.error());
      seconds += ProcessCpuSeconds() - cpu;
      own_seconds += OwnCpuSeconds() - own;
      rounds += kReportsAtOnce;
      if (*rest - before != kReportsAtOnce * kDecisionsPerReport) {
        return Err(ErrorCode::kInvalid, "{} reports of {} servers were {} decisions, not {}",
                   kReportsAtOnce * each, versions_.size(), *rest - before,
                   kReportsAtOnce * kDecisionsPerReport);
      }
    }
    const auto count = static_cast<double>(rounds);
    return ServerCost{.per_s = count / seconds,
                      .own_per_s = count / own_seconds,
                      .reads = static_cast<double>(Reads() - reads) / count};
  }

 private:
  Region(const BenchOptions& options, DataSet& data, std::unique_ptr<Node> node, uint64_t servers,
         bool mapped)
      : options_(options),
        data_(data),
        node_(std::move(node)),
        mapped_(mapped),
        versions_(mapped ? servers : 2 * servers) {}

  Result<uint64_t> Load() {
    const uint64_t count = versions_.size();
    if (mapped_) {
      auto made = SendAll(options_, *node_, count, &MakeInstance);
      if (!made) return made;
    }
    return SendAll(options_, *node_, count, [&](uint64_t n) { return Next(n); });
  }
  Command Next(uint64_t number) { return Report(number, ++versions_[number], mapped_); }
  uint64_t Reads() const {
    uint64_t reads = 0;
    for (const auto& store : node_->stores()) reads += store->Reads();
    return reads;
  }

  const BenchOptions& options_;
  DataSet& data_;
  std::unique_ptr<Node> node_;
  const bool mapped_;
  std::vector<uint32_t> versions_;  // by server: of its last report
  std::mt19937_64 random_{7};       // which one changes
};

Measurement Row(std::string name, double per_s, double yardstick, const ServerCost& cost,
                std::string target) {
  Measurement row;
  row.name = std::move(name);
  row.Compare(per_s, yardstick);
  row.count = cost.reads;
  row.target = std::move(target);
  return row;
}

}  // namespace

Result<Measurements> RunServerPlane(const BenchOptions& options, DataSet& data) {
  data.Close();
  Measurements measured;
  std::optional<ServerCost> smallest, smallest_alone;
  for (const uint64_t servers : {uint64_t{1'000}, uint64_t{10'000}, uint64_t{100'000}}) {
    if (servers > options.entities) break;
    std::optional<ServerCost> any, few, alone;
    for (const bool mapped : {true, false}) {
      options.Say(fmt::format("planes: {} servers, {}", servers, mapped ? "mapped" : "nobody's"));
      const auto region = Region::Open(options, data, servers, mapped);
      if (!region) return tl::unexpected<Error>(region.error());
      options.Say("planes: reports");
      const auto cost = (*region)->Measure(mapped ? servers : 2 * servers);
      if (!cost) return tl::unexpected<Error>(cost.error());
      (mapped ? any : alone) = *cost;
      if (!mapped) break;
      const auto hundredth = (*region)->Measure(servers / 100);
      if (!hundredth) return tl::unexpected<Error>(hundredth.error());
      few = *hundredth;
    }
    if (!smallest) smallest = *any;
    if (!smallest_alone) smallest_alone = *alone;
    const std::string name = fmt::format("planes/report-of-{}-servers", servers);
    const auto add = [&](const std::string& which, const ServerCost& cost) {
      measured.push_back(Row(name + which, cost.per_s, smallest->per_s, cost,
                             "flat; count: reads of the store, each"));
      measured.push_back(Row(name + which + "-own", cost.own_per_s, smallest->own_per_s, cost,
                             "flat; without flushes and compactions"));
    };
    add("", *any);
    add("-always-the-same-1%", *few);
    measured.push_back(Row(name + "-to-unmapped", any->per_s, alone->per_s, *any,
                           "flat; against two reports of as many entities without the edge"));
    measured.push_back(Row(fmt::format("planes/two-reports-of-{}-unmapped", 2 * servers),
                           alone->per_s, smallest_alone->per_s, *alone, "what so much data costs"));
  }
  return measured;
}

}  // namespace sluice::bench
