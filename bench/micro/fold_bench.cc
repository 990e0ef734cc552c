// What folding a log costs, step by step: reading its records, chaining them, evolving and hashing.
// One record's time is the item's: items per second are decisions per second of one core.
#include <benchmark/benchmark.h>

#include <map>
#include <unordered_map>
#include <vector>

#include "bench/workload.h"
#include "events/codec.h"
#include "machines/common/step.h"
#include "projections/fold.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kEntities = 50'000;
constexpr uint64_t kSteps = 7;

// Decides `command` and appends its record.
class LogMaker {
 public:
  void Decide(std::unique_ptr<EntityState>& state, const Command& command) {
    const EntityKey key = *ParseEntityKey(command.entity);
    const Origin origin{.epoch = {}, .input = Input::kCommands, .partition = 0, .offset = next_};
    const DecideContext context{.self = key,
                                .time = Time{1'763'700'000'000'000 + static_cast<int64_t>(next_)},
                                .origin = origin,
                                .actor = command.actor,
                                .sender = "",
                                .partitions = 1,
                                .settings = &settings_};
    StepResult result = DecideStep(*kind_, *state, command, context);
    CHECK(result.after != nullptr);
    LogRecord record;
    record.term = 1;
    record.sequence = ++next_;
    record.previous = chain_;
    record.decision.emplace();
    record.decision->command = command;
    record.decision->origin = origin;
    record.decision->verdict = Verdict::kAccepted;
    for (const AnyTable& event : result.events) record.decision->events.push_back({event});
    record.decision->effects.timers = result.timers;
    record.decision->time = context.time;
    record.decision->state_hash = result.after->Hash();
    record.decision->version = result.after->version;
    state = std::move(result.after);
    Append(record);
  }

  void Open() {
    LogRecord record;
    record.term = 1;
    record.opened.emplace();
    record.opened->partitions = 1;
    record.opened->settings = settings_;
    Append(record);
  }

  const KindInfo& kind() const { return *kind_; }
  std::vector<Bytes> Take() { return std::move(records_); }

 private:
  void Append(const LogRecord& record) {
    records_.push_back(Pack(record));
    chain_ = Xxh128(records_.back());
  }

  const KindInfo* kind_ = BuiltinKinds().Find("instance");
  ClusterConfigSpec settings_;
  std::vector<Bytes> records_;
  Hash128 chain_;
  uint64_t next_ = 0;
};

// Entities whose lives run side by side: what of them does not fit a cache is missed at every step.
const std::vector<Bytes>& Log(uint64_t together) {
  static std::map<uint64_t, std::vector<Bytes>> logs;
  std::vector<Bytes>& log = logs[together];
  if (!log.empty()) return log;
  LogMaker maker;
  maker.Open();
  for (uint64_t first = 0; first < kEntities; first += together) {
    std::vector<std::unique_ptr<EntityState>> states(together);
    for (auto& state : states) state = maker.kind().make();
    for (uint64_t step = 0; step < kSteps; ++step) {
      for (uint64_t i = 0; i < together; ++i) maker.Decide(states[i], MakeStep(first + i, step));
    }
  }
  return log = maker.Take();
}

const std::vector<Bytes>& LogOf(const benchmark::State& state) {
  return Log(static_cast<uint64_t>(state.range(0)));
}

void Counted(benchmark::State& state) {
  const std::vector<Bytes>& log = LogOf(state);
  size_t bytes = 0;
  for (const Bytes& record : log) bytes += record.size();
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * log.size()));
  state.counters["bytes/record"] = static_cast<double>(bytes) / static_cast<double>(log.size());
}

// The first one would pay for its making.
void MakeLog(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(LogOf(state).size());
}
BENCHMARK(MakeLog)->Iterations(1)->Arg(1)->Arg(500)->Unit(benchmark::kMillisecond);

void UnpackLog(benchmark::State& state) {
  for (auto _ : state) {
    for (const Bytes& bytes : LogOf(state)) benchmark::DoNotOptimize(Unpack<LogRecord>(bytes));
  }
  Counted(state);
}
BENCHMARK(UnpackLog)->Arg(1)->Arg(500)->Unit(benchmark::kMillisecond);

void UnpackLogToFold(benchmark::State& state) {
  FoldedRecord folded;
  for (auto _ : state) {
    for (const Bytes& bytes : LogOf(state)) CHECK(UnpackToFold(bytes, &folded));
  }
  Counted(state);
}
BENCHMARK(UnpackLogToFold)->Arg(1)->Arg(500)->Unit(benchmark::kMillisecond);

void ChainLog(benchmark::State& state) {
  FoldedRecord folded;
  for (auto _ : state) {
    PartitionState partition;
    for (const Bytes& bytes : LogOf(state)) {
      CHECK(UnpackToFold(bytes, &folded));
      CHECK(FoldPartition(partition, folded.record, bytes));
    }
  }
  Counted(state);
}
BENCHMARK(ChainLog)->Arg(1)->Arg(500)->Unit(benchmark::kMillisecond);

struct KeyHash : std::hash<std::string_view> {
  using is_transparent = void;
};

void FoldLog(benchmark::State& state) {
  FoldedRecord folded;
  for (auto _ : state) {
    PartitionState partition;
    std::unordered_map<std::string, LoadedEntity, KeyHash, std::equal_to<>> entities;
    for (const Bytes& bytes : LogOf(state)) {
      CHECK(UnpackToFold(bytes, &folded));
      CHECK(FoldPartition(partition, folded.record, bytes));
      if (!folded.record.decision) continue;
      const std::string_view key = FoldedEntity(*folded.record.decision);
      auto at = entities.find(key);
      if (at == entities.end()) {
        at = entities.emplace(key, LoadedEntity{}).first;
        at->second.kind = BuiltinKinds().Find(key.substr(0, key.find('/')));
        at->second.state = at->second.kind->make();
      }
      CHECK(FoldEntity(at->second, *folded.record.decision, folded.record.sequence));
    }
    state.PauseTiming();
    entities.clear();
    state.ResumeTiming();
  }
  Counted(state);
}
BENCHMARK(FoldLog)->Arg(1)->Arg(500)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();
