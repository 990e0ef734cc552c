// A binding over real instances. One rule at a time: testdata/.
#include <gtest/gtest.h>

#include "machines/binding/instances.h"
#include "machines/binding/tests/binding_world.h"

namespace sluice {
namespace {

using testing::ActiveOf;
using testing::BindingWorld;
using testing::kWeb;

constexpr char kFirst[] = "instance/default/web-8254c329a928-01";
constexpr char kSecond[] = "instance/default/web-8254c329a928-02";

const std::string& Role(const BindingWorld& world, const std::string& instance) {
  return world.As<Instance>(instance).metadata->annotations.at("sluice.dev/binding-instance-role");
}

TEST(Binding, RollsFromOneRevisionToTheNextAndTheOldOneServesUntilThen) {
  BindingWorld world;
  world.ApplyRevision(kWeb, "v1", "a");
  world.ProvideAll();
  EXPECT_EQ(world.Phase(kWeb), BindingPhase::kReady) << world.Json(kWeb);
  EXPECT_EQ(ActiveOf(world.Get(kWeb)), kFirst);
  EXPECT_EQ(Role(world, kFirst), "active");

  world.ApplyRevision(kWeb, "v2", "b");
  EXPECT_EQ(world.Phase(kWeb), BindingPhase::kCreating) << "Ready must be left at once";
  world.Settle();
  EXPECT_EQ(world.Phase(kWeb), BindingPhase::kWaitingReady);
  EXPECT_EQ(Role(world, kSecond), "candidate");
  EXPECT_TRUE(IsTrue(world.Get(kWeb).status.conditions, "Ready")) << "the old one serves";
  EXPECT_EQ(ActiveOf(world.Get(kWeb)), kFirst);

  world.ReportReadiness(kSecond, true);  // before it runs: kept, and not ready yet
  world.Settle();
  EXPECT_EQ(ActiveOf(world.Get(kWeb)), kFirst);

  while (ActiveOf(world.Get(kWeb)) == kFirst) {
    ASSERT_TRUE(world.Provide(kSecond)) << world.Json(kSecond);
    world.Settle();
  }
  EXPECT_EQ(world.Phase(kWeb), BindingPhase::kCleaningUp);
  EXPECT_EQ(Role(world, kFirst), "cleanup");
  EXPECT_EQ(world.As<Instance>(kFirst).status.phase, InstancePhase::kDeleting);
  world.ProvideAll();
  EXPECT_EQ(world.Phase(kWeb), BindingPhase::kReady) << world.Json(kWeb);
  EXPECT_EQ(world.Get(kWeb).status.observed_revision, "v2");
  EXPECT_FALSE(world.Exists(kFirst));
}

TEST(Binding, ANameAStrangerHoldsMovesTheSequenceOn) {
  BindingWorld world;
  world.MakeStranger(kFirst);
  world.ApplyRevision(kWeb, "v1", "a");
  world.ProvideAll();
  EXPECT_EQ(ActiveOf(world.Get(kWeb)), kSecond);
  EXPECT_EQ(world.Get(kWeb).status.next_runtime_sequence, 3u);
}

TEST(Binding, ANameItOwnsAlreadyIsResumed) {
  BindingWorld world;
  world.ApplyRevision(kWeb, "v1", "a");
  world.ProvideAll();
  // The same creation once more, as a binding sends it that has lost sight of its instance.
  const auto& binding = world.Get(kWeb);
  InstanceCreate again{.spec = binding::WantedSpec(binding.spec.template_)};
  again.labels = world.As<Instance>(kFirst).metadata->labels;
  again.annotations = world.As<Instance>(kFirst).metadata->annotations;
  again.owner = *OwnerOf(world.As<Instance>(kFirst).metadata);
  const Decision resumed = world.SendFrom(kWeb, kFirst, again);
  EXPECT_EQ(resumed.verdict, Verdict::kAccepted);
  EXPECT_TRUE(resumed.events.empty());
}

TEST(Binding, ADeletedOneTakesItsInstancesAlongThenItsKey) {
  BindingWorld world;
  world.ApplyRevision(kWeb, "v1", "a");
  world.ProvideAll();
  world.ApplyRevision(kWeb, "v2", "b");
  world.Settle();
  world.ApplyRevision("binding/default/other", "v1", "a");
  world.Settle();
  EXPECT_EQ(world.Phase("binding/default/other"), BindingPhase::kFailed);

  world.SendAndSettle(kWeb, Delete{});
  EXPECT_EQ(world.Phase(kWeb), BindingPhase::kDeleting);
  EXPECT_EQ(world.Phase("binding/default/other"), BindingPhase::kFailed) << "the key is still held";
  world.ProvideAll();
  EXPECT_FALSE(world.Exists(kWeb)) << world.Json(kWeb);
  EXPECT_EQ(world.Phase("binding/default/other"), BindingPhase::kReady)
      << world.Json("binding/default/other");
}

TEST(Binding, ALoneInstanceIsTakenOverAndThenRolled) {
  BindingWorld world;
  const std::string lone = "instance/default/lone";
  world.SendJson(lone, "Apply", R"({"spec":{"runtime":{"process":{"command":["old"]}}}})");
  world.ProvideAll();
  world.ApplyRevision(kWeb, "v1", "a", R"("adoptActive":{"name":"lone"},"adoptedRevision":"v0",)");
  world.Settle();
  EXPECT_EQ(ActiveOf(world.Get(kWeb)), lone) << world.Json(kWeb);
  EXPECT_EQ(world.Get(kWeb).status.observed_revision, "v0");
  EXPECT_EQ(Role(world, lone), "active");
  world.ProvideAll();
  EXPECT_EQ(ActiveOf(world.Get(kWeb)), kFirst);
  EXPECT_FALSE(world.Exists(lone));
}

TEST(BindingNames, KeepTheSequenceWhateverTheLength) {
  BindingSpec spec{.binding_key = "k"};
  EXPECT_EQ(binding::InstanceName(spec, 1), "instance-8254c329a928-01");
  spec.template_.preset_id = "Web Shop!";
  EXPECT_EQ(binding::InstanceName(spec, 12), "web-shop-8254c329a928-12");
  spec.template_.name_prefix = std::string(80, 'x');
  EXPECT_EQ(binding::InstanceName(spec, 100), std::string(43, 'x') + "-8254c329a928-100");
  const std::string longest = binding::InstanceName(spec, 12'345'678'901);
  EXPECT_EQ(longest.size(), 63u);
  EXPECT_TRUE(longest.ends_with("-8254c329a928-12345678901"));
}

}  // namespace
}  // namespace sluice
