// An instance among its network, location and provider. One rule at a time: testdata/.
#include <gtest/gtest.h>

#include "machines/instance/tests/instance_world.h"

namespace sluice {
namespace {

using testing::InstanceWorld;
using testing::ProcessPayload;

constexpr char kWeb[] = "instance/default/web";

TEST(Instance, GoesFromItsGatesToReadyAndGivesEverythingBack) {
  InstanceWorld world;
  world.MakeSurroundings();
  world.MustApply(kWeb, ProcessPayload());
  EXPECT_EQ(world.Phase(), InstancePhase::kGated);
  EXPECT_EQ(world.ConditionOf("Ready").message, "Scheduling gates present: Network");
  EXPECT_EQ(world.Verb(), "");

  world.Provide(InstancePhase::kGated);
  EXPECT_EQ(world.Phase(), InstancePhase::kProgramming) << world.Json(kWeb);
  EXPECT_EQ(world.Verb(), "ProgramInstance");
  EXPECT_EQ(world.ConditionOf("Ready").reason, "PendingProgramming");

  world.Provide(InstancePhase::kProgrammed);
  EXPECT_EQ(world.Phase(), InstancePhase::kProgrammed);
  EXPECT_EQ(world.Verb(), "StartInstance");

  world.Provide(InstancePhase::kRunning);
  EXPECT_EQ(world.Phase(), InstancePhase::kRunning);
  EXPECT_EQ(world.ConditionOf("Ready").reason, "ReadinessProbeFailed");

  world.SendJson(kWeb, "ReportReadiness", R"({"status":"True"})");
  EXPECT_EQ(world.Phase(), InstancePhase::kReady);
  EXPECT_EQ(world.ConditionOf("Ready").message, "Instance is ready");
  const auto& interfaces = world.Get().status.network_interfaces;
  ASSERT_EQ(interfaces.size(), 1u);
  EXPECT_NE(interfaces[0].assignments.network_ip, "");

  world.SendAndSettle(kWeb, Delete{});
  EXPECT_EQ(world.Verb(), "DeleteInstance");
  EXPECT_EQ(world.Phase(), InstancePhase::kDeleting);
  world.Provide();
  EXPECT_FALSE(world.Exists(kWeb)) << world.Json(kWeb);
  EXPECT_FALSE(world.Exists("networkbinding/default/web-net-0"));
  EXPECT_EQ(world.As<Entity<SubnetState>>("subnet/default/default-here-0").status.addresses, 0u);
}

}  // namespace
}  // namespace sluice
