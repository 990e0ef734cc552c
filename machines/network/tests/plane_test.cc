// The plane as a whole: from a network to an address, and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "machines/network/tests/plane_world.h"

namespace sluice {
namespace {

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
  EXPECT_EQ(attachment.prefix, "127.64.0.0/24");

  plane.DeleteNamed("host/default/a");
  plane.Settle();
  plane.DeleteNamed("network/default/default");
  plane.Settle();
  EXPECT_THAT(plane.Remains(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace sluice
