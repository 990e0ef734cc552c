// The plane as a whole: from a network to an address, and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "machines/network/tests/plane_world.h"

namespace sluice {
namespace {

using testing::ClaimSpec;
using testing::PlaneWorld;

TEST(NetworkPlane, AHostGetsAnAddressAndGivesAllBack) {
  PlaneWorld plane;
  plane.ApplyNetwork("default");
  plane.ApplyHost("a", {"default"}, "here");
  plane.Settle();
  EXPECT_THAT(plane.Violations(), ::testing::IsEmpty());
  EXPECT_EQ(plane.ReadyText("network/default/default"), "True Allocated: Allocated 127.64.0.0/16");
  EXPECT_EQ(plane.ReadyText("networkcontext/default/default-here"),
            "True Ready: Network context is ready");
  EXPECT_EQ(plane.ReadyText("networkbinding/default/a-net-0"),
            "True NetworkContextReady: Network context default-here is ready");
  EXPECT_EQ(plane.ReadyText("subnetclaim/default/default-here-0"),
            "True SubnetReady: Subnet default-here-0 is ready");
  EXPECT_EQ(plane.ReadyText("subnet/default/default-here-0"), "True Ready: Subnet is ready");
  const Attachment attachment = plane.host("a").own.attachments.at(0);
  EXPECT_EQ(attachment.step, AttachmentStep::kReady);
  EXPECT_EQ(attachment.address, "127.64.0.2");
  EXPECT_EQ(attachment.gateway, "127.64.0.1");
  EXPECT_EQ(attachment.prefix, "127.64.0.0/22");

  plane.DeleteNamed("host/default/a");
  plane.Settle();
  plane.DeleteNamed("network/default/default");
  plane.Settle();
  EXPECT_THAT(plane.Remains(), ::testing::IsEmpty());
}

TEST(NetworkPlane, ABindingWaitsForItsNetwork) {
  PlaneWorld plane;
  plane.ApplyBinding("b", "shop", "here");
  plane.Settle();
  EXPECT_EQ(plane.ReadyText("networkbinding/default/b"),
            "False NetworkNotFound: Network default/shop not found");
  plane.ApplyNetwork("shop");
  plane.world.Settle();
  EXPECT_EQ(plane.Ready("networkbinding/default/b").reason, "NetworkContextNotReady");
  plane.Settle();
  EXPECT_EQ(plane.Ready("networkbinding/default/b").reason, "NetworkContextReady");
  EXPECT_EQ(plane.binding("b").status.network_context_ref->name, "shop-here");
  plane.TakeDown({"networkbinding/default/b", "network/default/shop"});
}

TEST(NetworkPlane, BindingsOfOneNetworkAndLocationShareAContextAndItsAnswer) {
  PlaneWorld plane;
  plane.ApplyNetwork("shop");
  for (const std::string name : {"a", "b", "c"}) plane.ApplyBinding(name, "shop", "here");
  plane.Settle();
  plane.ApplyBinding("d", "shop", "there");
  plane.Settle();
  EXPECT_EQ(plane.network("shop").status.contexts, 2u);
  for (const std::string name : {"a", "b", "c"}) {
    EXPECT_EQ(plane.ReadyText("networkbinding/default/" + name),
              "True NetworkContextReady: Network context shop-here is ready");
  }
  EXPECT_EQ(plane.context("shop-here").status.ipv4_prefix, "127.64.0.0/20");
  EXPECT_EQ(plane.context("shop-there").status.ipv4_prefix, "127.64.16.0/20");
  plane.DeleteNamed("networkbinding/default/a");
  plane.DeleteNamed("networkbinding/default/b");
  plane.Settle();
  EXPECT_TRUE(plane.Exists("networkcontext/default/shop-here"));
  plane.DeleteNamed("networkbinding/default/c");
  plane.Settle();
  EXPECT_FALSE(plane.Exists("networkcontext/default/shop-here"));
  EXPECT_TRUE(plane.Exists("networkcontext/default/shop-there"));
  plane.TakeDown({"networkbinding/default/d", "network/default/shop"});
}

TEST(NetworkPlane, BothFamiliesAreHeldAndGivenDown) {
  PlaneWorld plane;
  NetworkSpec spec;
  spec.ip_families = {"IPv6", "IPv4"};
  plane.ApplyNetwork("shop", spec);
  plane.ApplyHost("a", {"shop"}, "here");
  plane.Settle();
  EXPECT_EQ(plane.network("shop").status.ipv6_range, "fd20::/48");
  EXPECT_EQ(plane.context("shop-here").status.ipv6_prefix, "fd20::/64");
  EXPECT_EQ(plane.context("shop-here").status.ipv4_prefix, "127.64.0.0/20");
  EXPECT_EQ(plane.host("a").own.attachments[0].address, "fd20::2");
  EXPECT_EQ(plane.subnet("shop-here-0").status.prefix, "fd20::/80");
  plane.TakeDown({"host/default/a", "network/default/shop"});
}

// The second and the fourth quarter of the block are free: no two of them make a larger one.
TEST(NetworkPlane, TheNextClaimIsMadeWhenTheFirstIsFull) {
  PlaneWorld plane;
  plane.world.settings.context_ipv4_length = 22;
  plane.ApplyNetwork("shop");
  plane.ApplyBinding("b", "shop", "here");
  plane.Settle();
  for (const std::string name : {"one", "two", "three", "four"}) {
    plane.world.Send("subnetclaim/default/" + name,
                     SubnetClaimApply{.spec = ClaimSpec("shop-here")});
    plane.Settle();
  }
  plane.DeleteNamed("subnetclaim/default/two");
  plane.DeleteNamed("subnetclaim/default/four");
  plane.Settle();
  for (int i = 0; i < 255; ++i) {
    plane.ApplyHost("h" + std::to_string(i), {"shop"}, "here");
    plane.Settle();
  }
  EXPECT_EQ(plane.context("shop-here").status.claims, 2u);
  EXPECT_EQ(plane.host("h252").own.attachments[0].address, "127.64.1.254");
  EXPECT_EQ(plane.host("h253").own.attachments[0].address, "127.64.3.2");
  EXPECT_EQ(plane.host("h254").own.attachments[0].claim, "shop-here-1");
  // Room in the first again: it comes first again.
  plane.DeleteNamed("host/default/h7");
  plane.Settle();
  plane.ApplyHost("late", {"shop"}, "here");
  plane.Settle();
  EXPECT_EQ(plane.host("late").own.attachments[0].address, "127.64.1.9");
  EXPECT_THAT(plane.Violations(), ::testing::IsEmpty());
}

// "a-b" at "c" and "a" at "b-c" both want a context "a-b-c": the second gets a name with a hash.
TEST(NetworkPlane, NamesThatAreAnothersAreNotTaken) {
  PlaneWorld plane;
  plane.ApplyNetwork("a-b");
  plane.ApplyNetwork("a");
  plane.ApplyHost("first", {"a-b"}, "c");
  plane.Settle();
  plane.ApplyHost("second", {"a"}, "b-c");
  plane.Settle();
  EXPECT_EQ(plane.binding("first-net-0").status.network_context_ref->name, "a-b-c");
  const std::string hashed = plane.binding("second-net-0").status.network_context_ref->name;
  EXPECT_THAT(hashed, ::testing::MatchesRegex("a-b-c-[0-9a-f]{8}"));
  EXPECT_EQ(plane.host("second").status.phase, HostPhase::kAttached);
  EXPECT_THAT(plane.Violations(), ::testing::IsEmpty());
  plane.TakeDown(
      {"host/default/first", "host/default/second", "network/default/a", "network/default/a-b"});
}

}  // namespace
}  // namespace sluice
