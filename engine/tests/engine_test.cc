// The partition processor's rules, over a journal and stores in memory.
#include "engine/tests/engine_fixture.h"

namespace sluice {
namespace {

TEST_F(EngineTest, DecidesDurablyAndAnswersWithTheDecision) {
  const Decision created = Create("widget/default/a");
  EXPECT_EQ(created.verdict, Verdict::kAccepted);
  EXPECT_EQ(created.version, 1u);
  const Decision added = cluster_->Decide("widget/default/a", AddAmount{.amount = 3});
  EXPECT_EQ(added.version, 2u);
  EXPECT_EQ(widget("widget/default/a").status.total, 3);
}

TEST_F(EngineTest, ARejectionIsRecordedAndChangesNothing) {
  Create("widget/default/a");
  const Hash128 before = widget("widget/default/a").Hash();
  const Decision refused = cluster_->Decide("widget/default/a", AddAmount{.amount = -1});
  EXPECT_EQ(refused.verdict, Verdict::kRejected);
  EXPECT_EQ(refused.rejection->field, "payload.amount");
  EXPECT_EQ(widget("widget/default/a").Hash(), before);
  EXPECT_EQ(widget("widget/default/a").version, 1u);
}

TEST_F(EngineTest, WhatBecameDurableMeanwhileIsAppliedAndAnsweredAtOnce) {
  Create("widget/default/a");
  const uint32_t partition = cluster_->PartitionOf("widget/default/a");
  const uint64_t first = cluster_->Send("widget/default/a", AddAmount{.amount = 5}, "c-1");
  ASSERT_TRUE(cluster_->StepOne(partition).has_value());
  const uint64_t second = cluster_->Send("widget/default/a", AddAmount{.amount = 6}, "c-2");
  ASSERT_TRUE(cluster_->StepOne(partition).has_value());
  EXPECT_EQ(cluster_->journal().commits_pending(), 2u);
  const uint64_t applied = cluster_->store(partition).applied().next_sequence;
  EXPECT_TRUE(cluster_->journal().CompleteOne());
  EXPECT_TRUE(cluster_->journal().CompleteOne());
  EXPECT_EQ(cluster_->answers().count(first), 0u);
  ASSERT_TRUE(cluster_->StepOne(partition).has_value());
  EXPECT_EQ(cluster_->answers().count(first), 1u);
  EXPECT_EQ(cluster_->answers().count(second), 1u);
  EXPECT_EQ(cluster_->store(partition).applied().next_sequence, applied + 2);
  EXPECT_EQ(widget("widget/default/a").status.total, 11);
}

TEST_F(EngineTest, WhatIsDecidedAndNotDurableStillWaits) {
  Create("widget/default/a");
  const uint32_t partition = cluster_->PartitionOf("widget/default/a");
  const auto waiting = [&] { return cluster_->processor(partition).InputsWaiting(); };
  EXPECT_EQ(waiting(), 0u);
  cluster_->Send("widget/default/a", AddAmount{.amount = 5}, "c-1");
  cluster_->Send("widget/default/a", AddAmount{.amount = 6}, "c-2");
  EXPECT_EQ(waiting(), 2u);
  ASSERT_TRUE(cluster_->StepOne(partition).has_value());
  EXPECT_EQ(waiting(), 2u);
  EXPECT_TRUE(cluster_->journal().CompleteOne());
  ASSERT_TRUE(cluster_->StepOne(partition).has_value());
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(EngineTest, WhatIsDurableBeforeAFailedCommitIsApplied) {
  Create("widget/default/a");
  const uint32_t partition = cluster_->PartitionOf("widget/default/a");
  const uint64_t first = cluster_->Send("widget/default/a", AddAmount{.amount = 5}, "c-1");
  ASSERT_TRUE(cluster_->StepOne(partition).has_value());
  const uint64_t second = cluster_->Send("widget/default/a", AddAmount{.amount = 6}, "c-2");
  ASSERT_TRUE(cluster_->StepOne(partition).has_value());
  EXPECT_TRUE(cluster_->journal().CompleteOne());
  cluster_->journal().FailPending(partition, /*durable_all_the_same=*/false);
  EXPECT_FALSE(cluster_->StepOne(partition).has_value());
  EXPECT_EQ(cluster_->answers().count(first), 1u);
  EXPECT_EQ(cluster_->answers().count(second), 0u);
  Reopen();
  EXPECT_EQ(widget("widget/default/a").status.total, 5);
}

TEST_F(EngineTest, FollowUpsArriveOnceInOrderWithOutcomes) {
  Create("widget/default/a");
  Create("widget/default/b");
  cluster_->Decide("widget/default/a", Tell{.target = "widget/default/b", .times = 5});
  EXPECT_EQ(widget("widget/default/b").status.heard, 5);
  EXPECT_EQ(widget("widget/default/a").status.outcomes,
            (std::vector<std::string>{"1 yes", "2 yes", "3 yes", "4 yes", "5 yes"}));
  cluster_->Decide("widget/default/a", Tell{.target = "widget/default/nobody", .times = 1});
  EXPECT_EQ(widget("widget/default/a").status.outcomes.back(), "6 NotFound");
}

TEST_F(EngineTest, WhatStandsBehindRepeatedFollowUpsIsDecided) {
  testing::Cluster cluster(kinds_, 1, {.decider = {}, .internal_per_batch = 1});
  ASSERT_TRUE(cluster.OpenAll().has_value());
  cluster.Decide("widget/default/a", WidgetApply{});
  cluster.Decide("widget/default/b", WidgetApply{});
  cluster.Send("widget/default/a", Tell{.target = "widget/default/b", .times = 3});
  while (cluster.journal().undecided_internal(0) == 0) {
    ASSERT_TRUE(cluster.StepOne(0).has_value());
    cluster.journal().CompleteOne();
  }
  for (int i = 0; i < 3; ++i) cluster.journal().RepeatInternal(0, 0);
  ASSERT_TRUE(cluster.Run().has_value());
  cluster.Decide("widget/default/a", Tell{.target = "widget/default/b", .times = 1});
  EXPECT_EQ(cluster.As<Widget>("widget/default/b").status.heard, 4);
  EXPECT_EQ(cluster.As<Widget>("widget/default/a").status.outcomes.size(), 4u);
}

TEST_F(EngineTest, TimersFireOnceWhenDueAndSurviveACrash) {
  Create("widget/default/a");
  cluster_->Decide("widget/default/a", Arm{.after = Duration::Seconds(10)});
  cluster_->clock().Advance(Duration::Seconds(9));
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(widget("widget/default/a").status.rings, 0);
  cluster_->Crash(0);
  Reopen();
  cluster_->clock().Advance(Duration::Seconds(2));
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(widget("widget/default/a").status.rings, 1);
  cluster_->clock().Advance(Duration::Hours(1));
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(widget("widget/default/a").status.rings, 1);
}

TEST_F(EngineTest, DecisionTimeNeverGoesBack) {
  Create("widget/default/a");
  const Time before = cluster_->Decide("widget/default/a", AddAmount{.amount = 1}).time;
  cluster_->clock().Set(before - Duration::Hours(2));
  EXPECT_GE(cluster_->Decide("widget/default/a", AddAmount{.amount = 1}).time, before);
}

TEST_F(EngineTest, ATimerAlreadyReachedDoesNotWaitForAClockThatWasSetBack) {
  Create("widget/default/a");
  cluster_->clock().Advance(Duration::Hours(-2));
  cluster_->Decide("widget/default/a", Arm{.after = Duration{}});
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(widget("widget/default/a").status.rings, 1);
}

TEST_F(EngineTest, AReplyMayComeFromAnotherEntity) {
  Create("widget/default/a");
  Create("widget/default/b");
  cluster_->Decide("widget/default/b", AddAmount{.amount = 42});
  const Decision asked =
      cluster_->Decide("widget/default/a", Ask{.target = "widget/default/b"}, "q-1");
  EXPECT_TRUE(asked.reply_deferred);
  const auto log = cluster_->Log(cluster_->PartitionOf("widget/default/a"));
  const LogRecord& last = log.back();
  const auto* answered = last.decision->command->payload.As<Answered>();
  ASSERT_NE(answered, nullptr);
  EXPECT_EQ(answered->id, "q-1");
  EXPECT_EQ(answered->result->reply.As<WidgetReply>()->total, 42);
}

TEST_F(EngineTest, ADecisionOverItsBoundIsRefused) {
  Create("widget/default/a");
  const Decision refused = cluster_->Decide("widget/default/a", Swell{.bytes = 600 * 1024});
  EXPECT_EQ(refused.rejection->code, RejectionCode::kTooLarge);
}

TEST_F(EngineTest, ARecreatedNameGoesOnWithItsVersionUnderANewUid) {
  Create("widget/default/a");
  const std::string uid = widget("widget/default/a").metadata.uid;
  cluster_->Decide("widget/default/a", Delete{});
  EXPECT_FALSE(widget("widget/default/a").Exists());
  const uint64_t version = widget("widget/default/a").version;
  Create("widget/default/a");
  EXPECT_EQ(widget("widget/default/a").version, version + 1);
  EXPECT_NE(widget("widget/default/a").metadata.uid, uid);
}

TEST_F(EngineTest, ARecordThatWasChangedStopsItsReader) {
  Create("widget/default/a");
  cluster_->Decide("widget/default/a", AddAmount{.amount = 1});
  cluster_->Decide("widget/default/a", AddAmount{.amount = 1});
  const uint32_t home = cluster_->PartitionOf("widget/default/a");
  // The second to last: what is after it names its hash.
  Bytes& record = cluster_->journal().MutableRecord(home, cluster_->Log(home).size() - 2);
  const Bytes kept = record;
  LogRecord forged = *Unpack<LogRecord>(record);
  forged.decision->time = forged.decision->time + Duration::Seconds(1);
  record = Pack(forged);
  testing::MemoryStore reader(kinds_, home);
  const Result<void> read = reader.CatchUp(cluster_->journal());
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kCorruption);
  EXPECT_NE(read.error().message.find("I3"), std::string::npos);
  record = kept;
}

}  // namespace
}  // namespace sluice
