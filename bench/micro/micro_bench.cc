// Single steps of a decision's way, each on an instance that is ready and is touched.
#include <benchmark/benchmark.h>

#include "bench/workload.h"
#include "events/codec.h"
#include "machines/common/context.h"
#include "machines/common/step.h"
#include "projections/fold.h"

namespace sluice::bench {
namespace {

// An instance some steps into its life, and the next command to it.
struct Scene {
  const KindInfo* kind = BuiltinKinds().Find("instance");
  EntityKey key = *ParseEntityKey(InstanceKey(7));
  std::unique_ptr<EntityState> state = kind->make();
  ClusterConfigSpec settings;
  Command next;

  DecideContext Context(const Command& command) const {
    return {.self = key,
            .time = Time{1'763'700'000'000'000},
            .origin = {},
            .actor = command.actor,
            .sender = "",
            .partitions = 1,
            .settings = &settings};
  }

  Scene() {
    constexpr uint64_t kSteps = 4;
    for (uint64_t step = 0; step < kSteps; ++step) {
      const Command command = MakeStep(7, step);
      StepResult result = DecideStep(*kind, *state, command, Context(command));
      CHECK(result.after != nullptr);
      state = std::move(result.after);
    }
    next = MakeStep(7, kSteps);
  }

  LogRecord Record() const {
    StepResult result = DecideStep(*kind, *state, next, Context(next));
    LogRecord record;
    record.decision.emplace();
    record.decision->command = next;
    record.decision->origin = Origin{};
    for (const AnyTable& event : result.events) {
      record.decision->events.push_back({.payload = event});
    }
    record.decision->effects.timers = result.timers;
    record.decision->state_hash = result.after->Hash();
    record.decision->version = result.after->version;
    return record;
  }
};

void PackRecord(benchmark::State& state) {
  const LogRecord record = Scene().Record();
  for (auto _ : state) benchmark::DoNotOptimize(Pack(record));
}
BENCHMARK(PackRecord);

void UnpackRecord(benchmark::State& state) {
  const Bytes bytes = Pack(Scene().Record());
  for (auto _ : state) benchmark::DoNotOptimize(Unpack<LogRecord>(bytes));
}
BENCHMARK(UnpackRecord);

void DecideOneStep(benchmark::State& state) {
  const Scene scene;
  const DecideContext context = scene.Context(scene.next);
  for (auto _ : state) {
    benchmark::DoNotOptimize(DecideStep(*scene.kind, *scene.state, scene.next, context));
  }
}
BENCHMARK(DecideOneStep);

void HashState(benchmark::State& state) {
  const Scene scene;
  for (auto _ : state) benchmark::DoNotOptimize(scene.state->Hash());
}
BENCHMARK(HashState);

void CloneState(benchmark::State& state) {
  const Scene scene;
  for (auto _ : state) benchmark::DoNotOptimize(scene.state->Clone());
}
BENCHMARK(CloneState);

void PackState(benchmark::State& state) {
  const Scene scene;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Pack(scene.state->root_type(), scene.state->root()));
  }
}
BENCHMARK(PackState);

void FoldOneDecision(benchmark::State& state) {
  const Scene scene;
  const LogRecord record = scene.Record();
  const auto copy = scene.state->Clone();
  for (auto _ : state) FoldDecision(*scene.kind, *copy, *record.decision);
}
BENCHMARK(FoldOneDecision);

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();
