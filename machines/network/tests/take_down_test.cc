// Networks that are deleted while something of them is held.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "machines/network/tests/plane_world.h"

namespace sluice {
namespace {

using testing::ClaimSpec;
using testing::PlaneWorld;

// Each that left was told to all that were left.
TEST(NetworkPlane, WhoLeavesANetworkThatGoesIsNotToldToAllThatAreLeft) {
  PlaneWorld plane;
  plane.ApplyNetwork("shop");
  constexpr int kBindings = 30;
  const auto name = [](int i) { return "b" + std::to_string(i); };
  for (int i = 0; i < kBindings; ++i) plane.ApplyBinding(name(i), "shop", "here");
  plane.Settle();
  plane.DeleteNamed("network/default/shop");
  plane.Settle();
  const size_t before = plane.world.decisions().size();
  for (int i = 0; i + 1 < kBindings; ++i) {
    plane.DeleteNamed("networkbinding/default/" + name(i));
    plane.Settle();
  }
  // Delete; at the network ReleaseContext and Unobserve; at the context Unobserve.
  EXPECT_LE(plane.world.decisions().size() - before, 4u * kBindings);
  plane.TakeDown({"networkbinding/default/" + name(kBindings - 1)});
}

TEST(NetworkPlane, ANetworkThatIsHeldStaysAndNamesItsHolders) {
  PlaneWorld plane;
  plane.ApplyNetwork("shop");
  plane.ApplyHost("a", {"shop"}, "here");
  plane.Settle();
  plane.DeleteNamed("network/default/shop");
  plane.Settle();
  EXPECT_EQ(plane.network("shop").status.phase, NetworkPhase::kDeleting);
  EXPECT_EQ(plane.ReadyText("network/default/shop"),
            "False RangeOccupied: It is held; status.holders says by whom");
  EXPECT_THAT(
      plane.network("shop").status.holders,
      ::testing::ElementsAre("networkbinding/default/a-net-0", "networkcontext/default/shop-here"));
  // What runs keeps its address; what is new is told no.
  EXPECT_EQ(plane.host("a").status.phase, HostPhase::kAttached);
  plane.ApplyBinding("b", "shop", "there");
  plane.Settle();
  EXPECT_EQ(plane.ReadyText("networkbinding/default/b"),
            "False NetworkFailedToCreate: Deleting: Network default/shop is being deleted");
  plane.DeleteNamed("host/default/a");
  plane.Settle();
  EXPECT_FALSE(plane.Exists("network/default/shop"));
  EXPECT_EQ(plane.Ready("networkbinding/default/b").reason, "NetworkNotFound");
  plane.TakeDown({"networkbinding/default/b"});
}

TEST(NetworkPlane, CascadeDeletesTheHoldersFirst) {
  PlaneWorld plane;
  plane.ApplyNetwork("shop");
  for (int i = 0; i < 230; ++i) plane.ApplyHost("h" + std::to_string(i), {"shop"}, "here");
  plane.ApplyBinding("b", "shop", "there");
  plane.Settle();
  for (int i = 0; i < 230; ++i) {
    ASSERT_EQ(plane.host("h" + std::to_string(i)).status.phase, HostPhase::kAttached) << i;
  }
  plane.DeleteNamed("network/default/shop");
  plane.Settle();
  EXPECT_TRUE(plane.Exists("network/default/shop"));
  plane.DeleteNamed("network/default/shop", /*cascade=*/true);
  plane.Settle();
  EXPECT_THAT(plane.Remains(), ::testing::IsEmpty());
}

TEST(NetworkPlane, AClaimMadeByHandKeepsItsNameAndItsRoom) {
  PlaneWorld plane;
  plane.world.Send("subnetclaim/default/shop-here-0",
                   SubnetClaimApply{.spec = ClaimSpec("shop-here")});
  plane.Settle();
  EXPECT_EQ(plane.ReadyText("subnetclaim/default/shop-here-0"),
            "False SubnetNotReady: NotProgrammed: Network context shop-here not found");
  plane.ApplyNetwork("shop");
  plane.ApplyHost("a", {"shop"}, "here");
  plane.Settle();
  EXPECT_EQ(plane.Ready("subnetclaim/default/shop-here-0").reason, "SubnetReady");
  EXPECT_THAT(plane.host("a").own.attachments[0].claim,
              ::testing::MatchesRegex("shop-here-0-[0-9a-f]{8}"));
  EXPECT_EQ(plane.host("a").status.phase, HostPhase::kAttached);
  EXPECT_THAT(plane.Violations(), ::testing::IsEmpty());
  // The context is not gone before what was made by hand.
  plane.DeleteNamed("host/default/a");
  plane.Settle();
  EXPECT_THAT(plane.ReadyText("networkcontext/default/shop-here"),
              ::testing::HasSubstr("RangeOccupied: Held by subnet/default/shop-here-0"));
  plane.TakeDown({"subnetclaim/default/shop-here-0", "network/default/shop"});
}

TEST(NetworkPlane, CascadeReachesWhatWasMadeByHand) {
  PlaneWorld plane;
  plane.ApplyNetwork("shop");
  NetworkContextApply context;
  context.spec = {.network = {.name = "shop"}, .location = {.name = "here"}};
  plane.world.Send("networkcontext/default/mine", context);
  plane.world.Send("subnetclaim/default/claim", SubnetClaimApply{.spec = ClaimSpec("mine")});
  plane.Settle();
  ASSERT_EQ(plane.Ready("subnetclaim/default/claim").reason, "SubnetReady");
  plane.DeleteNamed("network/default/shop", /*cascade=*/true);
  plane.Settle();
  EXPECT_FALSE(plane.Exists("network/default/shop"));
  EXPECT_FALSE(plane.Exists("networkcontext/default/mine"));
  plane.TakeDown({"subnetclaim/default/claim"});
}

}  // namespace
}  // namespace sluice
