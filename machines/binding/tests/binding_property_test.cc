// Random users, providers, strangers and delays: the invariants hold after every decision
// (BindingWorld checks them), and once everything is healthy the binding is Ready.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <iterator>

#include "machines/binding/instances.h"
#include "machines/binding/tests/binding_world.h"
#include "machines/common/testing/pick.h"

namespace sluice {
namespace {

using testing::Below;
using testing::BindingWorld;
using testing::kWeb;
using testing::OneOf;

constexpr char kOther[] = "binding/default/other";
constexpr char kLone[] = "instance/default/lone";

// Instances that do not belong to the test's strangers.
std::vector<std::string> OwnedInstances(const BindingWorld& world) {
  std::vector<std::string> owned;
  for (const std::string& instance : world.Instances()) {
    if (OwnerOf(world.As<Instance>(instance).metadata)) owned.push_back(instance);
  }
  return owned;
}

void DoApply(BindingWorld& world) {
  static const std::vector<std::string> kRevisions = {"v1", "v2", "v3", ""};
  static const std::vector<std::string> kVariants = {"a", "a", "b", "b", "c", "bad"};
  static const std::vector<std::string> kMore = {
      "",
      "",
      "",
      R"("disconnected":true,)",
      R"("candidateReadyDeadline":"20s",)",
      R"("adoptActive":{"name":"lone"},"adoptedRevision":"v0",)"};
  const std::string binding = Below(4) == 0 ? kOther : kWeb;
  world.ApplyRevision(binding, OneOf(kRevisions), OneOf(kVariants), OneOf(kMore));
}

void DoSomethingToAnInstance(BindingWorld& world) {
  const auto instances = OwnedInstances(world);
  if (instances.empty()) return;
  const std::string& instance = OneOf(instances);
  const InstancePhase phase = world.As<Instance>(instance).status.phase;
  const bool runs = phase == InstancePhase::kRunning || phase == InstancePhase::kReady;
  switch (Below(8)) {
    case 0:
      if (runs) world.ReportReadiness(instance, false);
      return;
    case 1:
      if (runs) world.ReportFailed(instance);
      return;
    case 2:
      world.Send(instance, Delete{});
      while (world.Provide(instance)) {
      }
      return;
    default:
      world.Provide(instance);
  }
}

// As far as its provider can take it, with everybody else's messages in between.
void BringUpAnInstance(BindingWorld& world) {
  const auto instances = OwnedInstances(world);
  if (instances.empty()) return;
  const std::string& instance = OneOf(instances);
  while (world.Provide(instance)) world.DeliverOne();
}

void MakeTheNextNameAStrangers(BindingWorld& world) {
  const Binding& binding = world.Get(kWeb);
  if (!binding.Exists()) return;
  const std::string name =
      binding::InstanceName(binding.spec, binding.status.next_runtime_sequence);
  world.MakeStranger("instance/default/" + name);
}

// Somebody makes an instance under a name that was the binding's a moment ago.
void ReuseAName(BindingWorld& world) {
  std::vector<std::string> gone;
  for (const std::string& key : world.EntityKeys()) {
    const bool is_free = key.starts_with("instance/") && key != kLone && !world.Exists(key);
    if (is_free) gone.push_back(key);
  }
  if (!gone.empty()) world.MakeStranger(OneOf(gone));
}

void Act(BindingWorld& world) {
  switch (Below(24)) {
    case 0:
      return DoApply(world);
    case 1:
      return world.Advance(Duration::Seconds(static_cast<int64_t>(Below(40))));
    case 2:
      if (world.Exists(kWeb)) world.Send(kWeb, BindingReconcile{});
      return;
    case 3:
      if (Below(4) == 0) world.Send(Below(2) == 0 ? kWeb : kOther, Delete{});
      return;
    case 4:
      if (Below(3) == 0) MakeTheNextNameAStrangers(world);
      if (Below(3) == 0) ReuseAName(world);
      return;
    case 5:
    case 6:
    case 7:
      return BringUpAnInstance(world);
    case 8:
    case 9:
    case 10:
      return DoSomethingToAnInstance(world);
    default:
      for (size_t left = Below(8); left > 0 && world.DeliverOne(); --left) {
      }
  }
}

RC_GTEST_PROP(BindingProperty, HoldsItsInvariantsAndIsReadyInTheEnd, ()) {
  BindingWorld world;
  const size_t seed = *rc::gen::arbitrary<size_t>();
  size_t turn = seed;
  world.pick = [&turn](size_t queues) {
    turn = turn * 6364136223846793005u + 1442695040888963407u;
    return (turn >> 33) % queues;
  };
  if (Below(3) == 0) {
    world.SendJson(kLone, "Apply", R"({"spec":{"runtime":{"process":{"command":["old"]}}}})");
    world.ProvideAll();
  }
  const size_t steps = 20 + Below(120);
  for (size_t step = 0; step < steps; ++step) {
    Act(world);
    RC_ASSERT(!::testing::Test::HasFailure());
  }

  // Health: a template that works, a provider that does everything, and time.
  world.Settle();
  world.SendAndSettle(kOther, Delete{});
  world.ProvideAll();
  world.ApplyRevision(kWeb, "final", "a");
  for (int round = 0; round < 8; ++round) {
    world.ProvideAll();
    world.Advance(Duration::Minutes(5));
  }
  world.ProvideAll();
  if (!world.Exists(kWeb)) {  // it was being deleted
    world.ApplyRevision(kWeb, "final", "a");
    world.ProvideAll();
  }
  RC_ASSERT(!::testing::Test::HasFailure());
  const Binding& binding = world.Get(kWeb);
  if (binding.status.phase != BindingPhase::kReady) RC_FAIL(world.Json(kWeb));
  RC_ASSERT(IsTrue(binding.status.conditions, "Ready"));
  RC_ASSERT(binding.status.observed_revision == "final");
  RC_ASSERT(binding.own.cleanup.empty() && !binding.own.candidate);
  RC_ASSERT(binding.status.last_error_code.empty());

  // Every instance that is left and somebody's is the active one.
  for (const std::string& instance : OwnedInstances(world)) {
    RC_ASSERT(instance == testing::ActiveOf(binding));
  }
}

}  // namespace
}  // namespace sluice
