// The example runs: decided, expired by its timer, replayed, printed.
#include "examples/custom_kind/lease.h"

#include <gtest/gtest.h>

#include "machines/common/print_machines.h"
#include "machines/common/testing/world.h"

namespace sluice {
namespace {

TEST(CustomKind, IsHeldUntilItsTimeAndThenFree) {
  KindRegistry kinds;
  kinds.Add(LeaseKind());
  testing::World world(kinds);
  world.Send("lease/default/printer", LeaseApply{});
  world.SendJson("lease/default/printer", "Acquire", R"({"holder":"a","ttl":"10s"})");
  const Decision refused =
      world.SendJson("lease/default/printer", "Acquire", R"({"holder":"b","ttl":"5s"})");
  EXPECT_EQ(refused.verdict, Verdict::kRejected);
  EXPECT_EQ(refused.rejection->field, "status.holder");
  world.Advance(Duration::Seconds(10));
  EXPECT_NE(world.Json("lease/default/printer").find(R"("phase":"Free")"), std::string::npos);
  EXPECT_EQ(world.SendJson("lease/default/printer", "Acquire", R"({"holder":"b"})").verdict,
            Verdict::kAccepted);
}

TEST(CustomKind, HasATableToPrint) {
  EXPECT_NE(PrintMachines({&LeaseKind()}, MachineFormat::kMermaid).find("Held"), std::string::npos);
}

}  // namespace
}  // namespace sluice
