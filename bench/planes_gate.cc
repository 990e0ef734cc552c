// The gate (engine/admission.h) by itself: what its bookkeeping takes a command, and what holding
// commands back does to a load that has nobody beside it. All of processor time.
#include <array>
#include <limits>
#include <queue>

#include "bench/groups.h"
#include "bench/workload.h"
#include "engine/admission.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kEntitiesMax = 20'000;
constexpr uint64_t kCommandsARound = 10'000;

// A thousand senders in turn, a full window, as many again waiting.
Measurement MeasureBookkeeping() {
  constexpr uint64_t kCommands = 500'000;
  constexpr size_t kBytes = 500;
  const AdmissionLimits limits;
  Admission gate(limits);
  std::queue<uint64_t> handed_in;
  const double before = ProcessCpuSeconds();
  for (uint64_t n = 1; n <= kCommands; ++n) {
    Admitted command;
    command.record.ticket = n;
    command.record.payload.resize(kBytes);
    gate.Offer(fmt::format("sender-{}", n % 1'000), std::move(command));
    if (n <= 2 * limits.window_commands) continue;
    while (auto next = gate.Next()) handed_in.push(next->record.ticket);
    gate.Answered(handed_in.front());
    handed_in.pop();
  }
  const double seconds = ProcessCpuSeconds() - before;
  Measurement one{.name = "planes/gate-bookkeeping"};
  one.per_s = static_cast<double>(kCommands) / seconds;
  one.count = 1e9 * seconds / static_cast<double>(kCommands);
  one.target = "count: ns a command";
  return one;
}

// A node and the load on it.
class Load {
 public:
  Load(const BenchOptions& options, std::unique_ptr<Node> node, size_t in_flight)
      : options_(options),
        node_(std::move(node)),
        in_flight_(in_flight),
        entities_(std::min(options.entities, kEntitiesMax)) {}

  // So many further commands. Their processor time.
  Result<double> Run(uint64_t commands) {
    const uint64_t end = next_ + commands;
    const double before = ProcessCpuSeconds();
    const auto sent = RunClosedLoop(
        *node_, in_flight_,
        [&](uint64_t) -> std::optional<Command> {
          if (next_ == end) return std::nullopt;
          const uint64_t n = next_++;
          if (n < kLocations) return MakeLocation(n);
          return MakeStep((n - kLocations) % entities_, (n - kLocations) / entities_);
        },
        Duration{}, options_.stop);
    if (!sent) return tl::unexpected<Error>(sent.error());
    if (auto rest = AwaitRest(*node_, options_.stop); !rest) {
      return tl::unexpected<Error>(rest.error());
    }
    return ProcessCpuSeconds() - before;
  }
  uint64_t made() const { return kLocations + 4 * entities_; }

 private:
  const BenchOptions& options_;
  std::unique_ptr<Node> node_;
  const size_t in_flight_;
  const uint64_t entities_;
  uint64_t next_ = 0;
};

// The same load on two nodes in turn, one of which hands in everything at once.
Result<Measurement> MeasureHoldingBack(const BenchOptions& options, DataSet& data,
                                       size_t in_flight) {
  constexpr size_t kMuch = std::numeric_limits<size_t>::max() / 2;
  const std::array<AdmissionLimits, 2> limits = {
      AdmissionLimits{}, AdmissionLimits{.window_commands = kMuch, .window_bytes = kMuch}};
  std::vector<std::unique_ptr<Load>> loads;
  for (size_t i = 0; i < limits.size(); ++i) {
    auto node = OpenNode(options, data.scratch().Path(fmt::format("gate-{}", i)), limits[i]);
    if (!node) return tl::unexpected<Error>(node.error());
    loads.push_back(std::make_unique<Load>(options, std::move(*node), in_flight));
    auto loaded = loads.back()->Run(loads.back()->made());
    if (!loaded) return tl::unexpected<Error>(loaded.error());
  }
  std::array<double, 2> seconds{};
  uint64_t commands = 0;
  const Stopwatch watch;
  while (commands == 0 || watch.Elapsed() < options.time) {
    for (size_t i = 0; i < loads.size(); ++i) {
      auto spent = loads[i]->Run(kCommandsARound);
      if (!spent) return tl::unexpected<Error>(spent.error());
      seconds[i] += *spent;
    }
    commands += kCommandsARound;
  }
  loads.clear();
  for (size_t i = 0; i < limits.size(); ++i) data.scratch().Remove(fmt::format("gate-{}", i));
  Measurement one{.name = fmt::format("planes/gate-{}-in-flight", in_flight)};
  one.Compare(static_cast<double>(commands) / seconds[0],
              static_cast<double>(commands) / seconds[1]);
  one.target = "against a node that holds nothing back";
  return one;
}

}  // namespace

Result<Measurements> RunGate(const BenchOptions& options, DataSet& data) {
  data.Close();
  if (auto made = data.MakeScratch(); !made) return tl::unexpected<Error>(made.error());
  Measurements measured{MeasureBookkeeping()};
  for (const size_t in_flight : {size_t{64}, size_t{512}, size_t{4'096}}) {
    options.Say(fmt::format("planes: the gate, {} in flight", in_flight));
    auto held = MeasureHoldingBack(options, data, in_flight);
    if (!held) return tl::unexpected<Error>(held.error());
    measured.push_back(std::move(*held));
  }
  return measured;
}

}  // namespace sluice::bench
