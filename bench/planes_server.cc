// The reverse edge: servers that report, each to the instance that its tag names. What a report
// costs must not depend on how many there are.
#include <array>

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

Command Report(uint64_t number, uint64_t version) {
  ReportServer report;
  report.id = fmt::format("srv-{}", number);
  report.region = "r1";
  report.tags[kInstanceTag] = fmt::format("default/web-{}", number);
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

// Reports per second of processor time. They go through the servers in turn, each a new version.
Result<double> RateOfReports(const BenchOptions& options, Node& node, uint64_t servers) {
  const Stopwatch watch;
  double seconds = 0;
  uint64_t reports = 0;
  while (reports == 0 || watch.Elapsed() < options.time) {
    const uint64_t before = CountDecisions(node);
    const double cpu = ProcessCpuSeconds();
    const auto rest = SendAll(options, node, kReportsAtOnce, [&](uint64_t n) {
      return Report((reports + n) % servers, 2 + (reports + n) / servers);
    });
    if (!rest) return tl::unexpected<Error>(rest.error());
    seconds += ProcessCpuSeconds() - cpu;
    reports += kReportsAtOnce;
    if (*rest - before != kReportsAtOnce * kDecisionsPerReport) {
      return Err(ErrorCode::kInvalid, "{} reports of {} servers were {} decisions, not {} each",
                 kReportsAtOnce, servers, *rest - before, kDecisionsPerReport);
    }
  }
  return static_cast<double>(reports) / seconds;
}

Result<double> MeasureServers(const BenchOptions& options, DataSet& data, uint64_t servers) {
  if (auto made = data.MakeScratch(); !made) return tl::unexpected<Error>(made.error());
  auto node = OpenNode(options, data.scratch().Path("servers"));
  if (!node) return tl::unexpected<Error>(node.error());
  options.Say(fmt::format("planes: {} servers", servers));
  auto made = SendAll(options, **node, servers, &MakeInstance);
  if (made) made = SendAll(options, **node, servers, [](uint64_t n) { return Report(n, 1); });
  if (!made) return tl::unexpected<Error>(made.error());
  auto rate = RateOfReports(options, **node, servers);
  node->reset();
  data.scratch().Remove("servers");
  return rate;
}

}  // namespace

Result<Measurements> RunServerPlane(const BenchOptions& options, DataSet& data) {
  data.Close();
  Measurements measured;
  std::optional<double> smallest;
  for (const uint64_t servers : {uint64_t{1'000}, uint64_t{10'000}, uint64_t{100'000}}) {
    if (servers > options.entities) break;
    const auto rate = MeasureServers(options, data, servers);
    if (!rate) return tl::unexpected<Error>(rate.error());
    if (!smallest) smallest = *rate;
    Measurement one;
    one.name = fmt::format("planes/report-of-{}-servers", servers);
    one.Compare(*rate, *smallest);
    one.count = kDecisionsPerReport;
    one.target = "flat; count: decisions per report";
    measured.push_back(std::move(one));
  }
  return measured;
}

}  // namespace sluice::bench
