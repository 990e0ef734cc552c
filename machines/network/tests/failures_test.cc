// What can't be had: it is said, it is tried again, and it goes on by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "machines/network/tests/plane_world.h"

namespace sluice {
namespace {

using testing::ClaimSpec;
using testing::PlaneWorld;

NetworkSpec Given(const std::string& range) {
  NetworkSpec spec;
  spec.ipam.mode = IpamMode::kPolicy;
  spec.ipam.ipv4_range = range;
  return spec;
}

TEST(NetworkPlane, APoolThatRunsDrySaysSoAndGoesOn) {
  PlaneWorld plane;
  plane.world.settings.local_ipv4_pools = {"127.64.0.0/15"};
  for (const std::string name : {"a", "b", "c"}) {
    plane.ApplyNetwork(name);
    plane.world.Settle();
  }
  EXPECT_EQ(plane.network("b").status.ipv4_range, "127.65.0.0/16");
  EXPECT_EQ(plane.ReadyText("network/default/c", "IPAMAllocated"),
            "False AddressPoolExhausted: no free /16 in 127.64.0.0/15 of "
            "registry/sluice-system/addresspool-default");
  EXPECT_EQ(plane.network("c").status.retry.attempt, 1u);
  plane.ApplyBinding("b", "c", "here");
  plane.Settle();
  EXPECT_EQ(plane.ReadyText("networkbinding/default/b"),
            "False NetworkFailedToCreate: AddressPoolExhausted: no free /16 in 127.64.0.0/15 of "
            "registry/sluice-system/addresspool-default");
  plane.DeleteNamed("network/default/a");
  plane.world.Settle();
  plane.world.Advance(Duration::Seconds(3));
  EXPECT_EQ(plane.network("c").status.ipv4_range, "127.64.0.0/16");
  EXPECT_EQ(plane.network("c").status.retry, Retry{});
  plane.Settle();
  EXPECT_EQ(plane.Ready("networkbinding/default/b").reason, "NetworkContextReady");
  plane.TakeDown({"networkbinding/default/b", "network/default/b", "network/default/c"});
}

TEST(NetworkPlane, RetriesBackOffUpToFiveMinutes) {
  PlaneWorld plane;
  plane.world.settings.local_ipv4_pools = {"127.64.0.0/16"};
  plane.ApplyNetwork("a");
  plane.world.Settle();
  plane.ApplyNetwork("b");
  plane.world.Settle();
  const Time start = plane.world.now();
  EXPECT_EQ(plane.network("b").status.retry.next_time, start + Duration::Seconds(2));
  plane.world.Advance(Duration::Seconds(2));
  EXPECT_EQ(plane.network("b").status.retry.next_time, start + Duration::Seconds(6));
  plane.world.Advance(Duration::Hours(1));
  const Time next = plane.network("b").status.retry.next_time;
  EXPECT_GT(next, plane.world.now());
  EXPECT_LE(next, plane.world.now() + Duration::Minutes(5));
}

TEST(NetworkPlane, GivenRangesAreUsedAsGivenUnlessTheyOverlap) {
  PlaneWorld plane;
  plane.ApplyNetwork("a", Given("10.7.0.0/16"));
  plane.world.Settle();
  EXPECT_EQ(plane.network("a").status.ipv4_range, "10.7.0.0/16");
  plane.ApplyNetwork("b", Given("10.0.0.0/8"));
  plane.ApplyNetwork("c", Given("10.9.0.0/24"));
  plane.ApplyNetwork("d", Given("224.0.0.0/16"));
  plane.world.Settle();
  EXPECT_EQ(plane.ReadyText("network/default/b"),
            "False RangeOccupied: 10.0.0.0/8 overlaps 10.7.0.0/16 of network/default/a");
  EXPECT_EQ(plane.ReadyText("network/default/c"),
            "False RangeUnsupported: 10.9.0.0/24 has no room for the /20 of a context");
  EXPECT_EQ(plane.ReadyText("network/default/d"),
            "False RangeUnsupported: 224.0.0.0/16 overlaps 224.0.0.0/3, which is reserved");
  // While nothing is held the range may be given anew, and counts at once.
  plane.ApplyNetwork("b", Given("10.8.0.0/16"));
  plane.world.Settle();
  EXPECT_EQ(plane.network("b").status.ipv4_range, "10.8.0.0/16");
  const Decision change =
      plane.world.Send("network/default/b", NetworkApply{.spec = Given("10.10.0.0/16")});
  ASSERT_TRUE(change.rejection);
  EXPECT_EQ(change.rejection->code, RejectionCode::kImmutable);
  EXPECT_EQ(change.rejection->field, "spec.ipam");
}

TEST(NetworkPlane, AProvidersFailureReachesEveryBindingAndIsTriedAgain) {
  PlaneWorld plane;
  plane.ApplyNetwork("shop");
  plane.ApplyBinding("a", "shop", "here");
  plane.ApplyBinding("b", "shop", "here");
  plane.world.Settle();
  const std::string key = "networkcontext/default/shop-here";
  ASSERT_EQ(plane.world.Pending(key).size(), 1u);
  const PendingAction action = plane.world.Pending(key)[0];
  EXPECT_EQ(action.verb, "ProgramNetworkContext");
  EXPECT_EQ(action.location, "default/here");
  EXPECT_EQ(action.attempt, 0u);
  EXPECT_EQ(plane.Ready(key).reason, "ProgrammingInProgress");
  plane.world.Send(key, NetworkReportProgrammed{.status = ConditionStatus::kFalse,
                                                .reason = "NoSuchDevice",
                                                .message = "lo is down"});
  plane.world.Settle();
  EXPECT_THAT(plane.world.Pending(key), ::testing::IsEmpty());
  for (const std::string name : {"a", "b"}) {
    EXPECT_EQ(plane.ReadyText("networkbinding/default/" + name),
              "False NetworkFailedToCreate: NoSuchDevice: lo is down");
  }
  plane.world.Advance(Duration::Seconds(2));
  ASSERT_EQ(plane.world.Pending(key).size(), 1u);
  EXPECT_EQ(plane.world.Pending(key)[0].attempt, 1u);
  plane.Settle();
  EXPECT_EQ(plane.Ready("networkbinding/default/a").reason, "NetworkContextReady");
  EXPECT_EQ(plane.context("shop-here").status.retry, Retry{});
}

TEST(NetworkPlane, ReportsOfOthersAreIgnored) {
  PlaneWorld plane;
  plane.ApplyNetwork("shop");
  plane.ApplyBinding("a", "shop", "here");
  plane.world.Settle();
  const std::string key = "networkcontext/default/shop-here";
  const auto report = [&](NetworkReportProgrammed command) {
    command.status = ConditionStatus::kTrue;
    return plane.world.Send(key, command).verdict;
  };
  EXPECT_EQ(report({.uid = "another"}), Verdict::kIgnored);
  EXPECT_EQ(report({.generation = 7}), Verdict::kIgnored);
  plane.world.Send(key, NetworkReportProgrammed{.status = ConditionStatus::kFalse,
                                                .reason = "ProgrammingInProgress",
                                                .lease_term = 3});
  EXPECT_EQ(report({.lease_term = 2}), Verdict::kIgnored);
  EXPECT_EQ(plane.Ready(key).reason, "ProgrammingInProgress");
  EXPECT_EQ(report({.lease_term = 3}), Verdict::kAccepted);
  EXPECT_EQ(plane.Ready(key).status, ConditionStatus::kTrue);
}

TEST(NetworkPlane, AFullSubnetRefusesAndTakesWhoWaitsWhenThereIsRoom) {
  PlaneWorld plane;
  plane.world.settings.context_ipv4_length = 29;  // one subnet, five hosts
  plane.ApplyNetwork("shop");
  for (int i = 0; i < 6; ++i) {
    plane.ApplyHost("h" + std::to_string(i), {"shop"}, "here");
    plane.Settle();
  }
  EXPECT_EQ(plane.subnet("shop-here-0").status.addresses, 5u);
  EXPECT_EQ(plane.host("h4").own.attachments[0].address, "127.64.0.6");
  EXPECT_EQ(plane.ReadyText("host/default/h5"),
            "False NetworkFailedToCreate: AddressPoolExhausted: networkcontext/default/shop-here: "
            "no free /29 in 127.64.0.0/29");
  plane.DeleteNamed("host/default/h2");
  plane.Settle();
  plane.world.Advance(Duration::Minutes(5));
  EXPECT_EQ(plane.host("h5").own.attachments[0].address, "127.64.0.4");
  EXPECT_EQ(plane.host("h5").status.phase, HostPhase::kAttached);
  EXPECT_THAT(plane.Violations(), ::testing::IsEmpty());
}

TEST(NetworkPlane, AClaimWithoutRoomSaysWhyAndGoesOnWhenThereIsSome) {
  PlaneWorld plane;
  plane.world.settings.context_ipv4_length = 24;
  plane.ApplyNetwork("shop");
  plane.ApplyBinding("b", "shop", "here");
  plane.Settle();
  for (const std::string name : {"one", "two"}) {
    plane.world.Send("subnetclaim/default/" + name,
                     SubnetClaimApply{.spec = ClaimSpec("shop-here")});
    plane.Settle();
  }
  EXPECT_EQ(plane.ReadyText("subnetclaim/default/two"),
            "False SubnetNotReady: AddressPoolExhausted: no free /24 in 127.64.0.0/24 of "
            "networkcontext/default/shop-here");
  plane.DeleteNamed("subnetclaim/default/one");
  plane.Settle();
  plane.world.Advance(Duration::Seconds(10));
  plane.Settle();
  EXPECT_EQ(plane.Ready("subnetclaim/default/two").reason, "SubnetReady");
  EXPECT_EQ(plane.claim("two").status.prefix, "127.64.0.0/24");
}

TEST(NetworkPlane, StuckSaysWhatIsAwaited) {
  PlaneWorld plane;
  plane.ApplyBinding("b", "shop", "here");
  plane.Settle();
  plane.world.Advance(Duration::Minutes(9));
  EXPECT_EQ(plane.Ready("networkbinding/default/b", "Stuck").type, "");
  plane.world.Advance(Duration::Minutes(2));
  EXPECT_THAT(plane.ReadyText("networkbinding/default/b", "Stuck"),
              ::testing::HasSubstr("waiting for NetworkNotFound since"));
  plane.ApplyNetwork("shop");
  plane.Settle();
  EXPECT_EQ(plane.Ready("networkbinding/default/b", "Stuck").type, "");
}

}  // namespace
}  // namespace sluice
