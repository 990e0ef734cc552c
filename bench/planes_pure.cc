#include "bench/planes_pure.h"

#include <fmt/format.h>

#include "machines/deployment/control/plan.h"
#include "machines/network/allocator/allocator.h"

namespace sluice::bench {

Measurement MeasurePlanner(uint32_t count) {
  control::DeploymentView deployment{.name = "shop", .replicas = count, .template_hash = {1, 1}};
  std::vector<control::InstanceView> instances;
  for (uint64_t i = 0; i < count; ++i) {
    instances.push_back({.name = fmt::format("shop-{}", i),
                         .ordinal = i,
                         .template_hash = {i % 3 == 0 ? 2u : 1u, 1},
                         .ready = i % 5 != 0,
                         .terminal = i % 11 == 0});
  }
  constexpr int kRounds = 20;
  size_t actions = 0;
  const double before = ProcessCpuSeconds();
  for (int round = 0; round < kRounds; ++round) actions += Plan(deployment, instances).size();
  Measurement planner{.name = fmt::format("planes/planner-{}", count)};
  const double seconds = ProcessCpuSeconds() - before;
  planner.per_s = static_cast<double>(kRounds) / seconds;
  planner.p50_us = seconds / kRounds * 1e6;
  planner.count = static_cast<double>(actions) / kRounds;
  planner.target = "a few ms a plan";
  return planner;
}

// Twice as many steps as grants: each is taken back in the order it was given.
std::vector<Measurement> MeasureAllocator(uint64_t grants) {
  MapAllocatorItems items;
  Allocator allocator(items);
  const Prefix block = *Prefix::Parse("10.0.0.0/8");
  const double began = ProcessCpuSeconds();
  uint64_t held = 0;
  for (uint64_t i = 0; i < grants; ++i) {
    const std::string claim = std::to_string(i);
    if (allocator.Grant(block, 32, {.claim = claim, .name = claim})) ++held;
  }
  const double granted = ProcessCpuSeconds();
  for (uint64_t i = 0; i < held; ++i) allocator.Release(std::to_string(i));
  const double released = ProcessCpuSeconds();
  const auto measure = [&](const char* name, double seconds) {
    Measurement one{.name = std::string("planes/allocator-") + name};
    one.per_s = static_cast<double>(held) / seconds;
    one.count = seconds / static_cast<double>(held) * 1e9;
    one.target = "ns each";
    return one;
  };
  return {measure("grant", granted - began), measure("release", released - granted)};
}

}  // namespace sluice::bench
