// Entities set aside after a broken invariant: nothing is lost, nothing else stops (I11).
#include "engine/tests/engine_fixture.h"

namespace sluice {
namespace {

using SetAsideTest = EngineTest;

TEST_F(SetAsideTest, ATimerOverTheBoundSetsItsEntityAsideAndIsParked) {
  Create("widget/default/a");
  cluster_->Decide("widget/default/a", Arm{.after = Duration::Seconds(5), .timer = "swell"});
  cluster_->clock().Advance(Duration::Seconds(10));
  ASSERT_TRUE(cluster_->Run().has_value());
  const auto log = cluster_->Log(cluster_->PartitionOf("widget/default/a"));
  EXPECT_EQ(log.back().decision->verdict, Verdict::kParked);
  EXPECT_TRUE(widget("widget/default/a").relations.timers.empty());
  EXPECT_EQ(cluster_->Decide("widget/default/a", AddAmount{.amount = 1}).rejection->code,
            RejectionCode::kQuarantined);
}

TEST_F(SetAsideTest, ATimerMovedByAParkedCommandFiresAtItsNewTime) {
  Create("widget/default/a");
  Create("widget/default/b");
  cluster_->Decide("widget/default/a", Arm{.after = Duration::Seconds(5)});
  cluster_->Decide("widget/default/a", BreakTable{});
  cluster_->Decide("widget/default/b",
                   Tell{.target = "widget/default/a", .times = 2, .rearm = Duration::Seconds(100)});
  cluster_->clock().Advance(Duration::Seconds(10));
  ASSERT_TRUE(cluster_->Run().has_value());  // the timer is due and waits
  cluster_->Decide("widget/default/a", Release{});
  EXPECT_EQ(widget("widget/default/a").status.heard, 2);
  EXPECT_EQ(widget("widget/default/a").status.rings, 0);
  cluster_->clock().Advance(Duration::Seconds(200));
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(widget("widget/default/a").status.rings, 1);
}

}  // namespace
}  // namespace sluice
