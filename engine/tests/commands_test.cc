// What users may send: ids that come again, versions, bytes, what is internal, and whose partition.
#include "engine/tests/engine_fixture.h"
#include "events/codec.h"

namespace sluice {
namespace {

TEST_F(EngineTest, ACommandIdIsRememberedWithItsContent) {
  Create("widget/default/a");
  cluster_->Decide("widget/default/a", AddAmount{.amount = 5}, "c-1");
  const Decision again = cluster_->Decide("widget/default/a", AddAmount{.amount = 5}, "c-1");
  EXPECT_EQ(again.verdict, Verdict::kDuplicate);
  ASSERT_TRUE(again.duplicate_of.has_value());
  const Decision other = cluster_->Decide("widget/default/a", AddAmount{.amount = 6}, "c-1");
  EXPECT_EQ(other.rejection->code, RejectionCode::kIdempotencyConflict);
  EXPECT_EQ(widget("widget/default/a").status.total, 5);
}

TEST_F(EngineTest, TwoOfOneIdInOneBatchAreOneCommand) {
  Create("widget/default/a");
  const uint64_t first = cluster_->Send("widget/default/a", AddAmount{.amount = 5}, "c-1");
  const uint64_t second = cluster_->Send("widget/default/a", AddAmount{.amount = 5}, "c-1");
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(cluster_->answers().at(first)->decision->verdict, Verdict::kAccepted);
  EXPECT_EQ(cluster_->answers().at(second)->decision->verdict, Verdict::kDuplicate);
}

TEST_F(EngineTest, ARejectedCommandMayComeAgainUnderItsId) {
  cluster_->Decide("widget/default/a", AddAmount{.amount = 5}, "c-1");  // NotFound
  Create("widget/default/a");
  EXPECT_EQ(cluster_->Decide("widget/default/a", AddAmount{.amount = 5}, "c-1").verdict,
            Verdict::kAccepted);
}

TEST_F(EngineTest, AnIdIsForgottenAfterItsWindow) {
  Create("widget/default/a");
  cluster_->Decide("widget/default/a", AddAmount{.amount = 5}, "c-1");
  cluster_->clock().Advance(Duration::Hours(25));
  EXPECT_EQ(cluster_->Decide("widget/default/a", AddAmount{.amount = 5}, "c-1").verdict,
            Verdict::kAccepted);
}

TEST_F(EngineTest, AnExpectedVersionIsCompared) {
  Create("widget/default/a");
  Command command;
  command.entity = "widget/default/a";
  command.payload = AnyTable::Of(AddAmount{.amount = 1});
  command.expected_version = 7;
  const uint64_t stale = cluster_->Send(command);
  command.expected_version = 1;
  const uint64_t fresh = cluster_->Send(command);
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(cluster_->answers().at(stale)->decision->rejection->code,
            RejectionCode::kVersionConflict);
  EXPECT_EQ(cluster_->answers().at(stale)->decision->version, 1u);
  EXPECT_EQ(cluster_->answers().at(fresh)->decision->verdict, Verdict::kAccepted);
}

TEST_F(EngineTest, InternalCommandsAreRefusedFromUsers) {
  Create("widget/default/a");
  const Decision refused = cluster_->Decide("widget/default/a", Hear{.amount = 1});
  EXPECT_EQ(refused.verdict, Verdict::kRejected);
  EXPECT_EQ(refused.rejection->code, RejectionCode::kInvalidArgument);
  EXPECT_EQ(cluster_->Decide("widget/default/a", TimerDue{.id = "ring", .due = {}}).verdict,
            Verdict::kRejected);
}

TEST_F(EngineTest, AForwardedTimerIsStillAUsers) {
  Create("widget/default/a");
  const uint32_t home = cluster_->PartitionOf("widget/default/a");
  Command forged;
  forged.entity = "widget/default/a";
  forged.payload = AnyTable::Of(TimerDue{.id = "ring", .due = {}});
  cluster_->SendBytes((home + 1) % 3, Pack(forged), false);
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(cluster_->Log(home).back().decision->verdict, Verdict::kRejected);
  EXPECT_EQ(widget("widget/default/a").status.rings, 0);
}

TEST_F(EngineTest, AUsersCommandCannotPoseAsInternal) {
  Create("widget/default/a");
  Command forged;
  forged.entity = "widget/default/a";
  forged.payload = AnyTable::Of(AddAmount{.amount = 1});
  forged.source = FollowUpSource{.epoch = {7, 7}, .partition = 0, .number = 99};
  forged.to_partition = 0;
  const uint64_t ticket = cluster_->Send(forged);
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(cluster_->answers().at(ticket)->decision->verdict, Verdict::kAccepted);
  EXPECT_FALSE(cluster_->answers().at(ticket)->decision->command->source.has_value());
}

TEST_F(EngineTest, BytesOverTheBoundAreSetAsideInEitherForm) {
  Command command;
  command.entity = "widget/default/a";
  command.payload = AnyTable::Of(WidgetApply{});
  command.actor = std::string(kCommandBytesMax, 'x');
  cluster_->SendBytes(cluster_->PartitionOf(command.entity), Pack(command), false);
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(cluster_->Log(cluster_->PartitionOf(command.entity)).back().decision->verdict,
            Verdict::kDeadLettered);
}

TEST_F(EngineTest, UndecodableBytesBecomeDeadLetters) {
  cluster_->SendBytes(1, "no flatbuffer", false);
  cluster_->SendBytes(1, "{\"entity\":", true);
  ASSERT_TRUE(cluster_->Run().has_value());
  size_t letters = 0;
  ASSERT_TRUE(cluster_->journal()
                  .ReadDeadLetters(1, 0,
                                   [&](const DeadLetter& letter) {
                                     EXPECT_FALSE(letter.reason.empty());
                                     ++letters;
                                     return true;
                                   })
                  .has_value());
  EXPECT_EQ(letters, 2u);
  EXPECT_EQ(cluster_->Log(1).back().decision->verdict, Verdict::kDeadLettered);
}

TEST_F(EngineTest, ACommandOnTheWrongPartitionIsForwardedAndDecidedOnce) {
  Create("widget/default/a");
  const uint32_t home = cluster_->PartitionOf("widget/default/a");
  Command command;
  command.entity = "widget/default/a";
  command.id = "c-1";
  command.payload = AnyTable::Of(AddAmount{.amount = 2});
  cluster_->SendBytes((home + 1) % 3, Pack(command), false);
  cluster_->SendBytes(home, Pack(command), false);
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(widget("widget/default/a").status.total, 2);
  EXPECT_EQ(cluster_->Log((home + 1) % 3).back().decision->verdict, Verdict::kForwarded);
}

}  // namespace
}  // namespace sluice
