// What a node answers, what it keeps across a restart, and what it does not open.
#include <future>

#include "engine/tests/node_fixture.h"

namespace sluice {
namespace {

TEST_F(NodeTest, ARepeatedIdGetsItsDecisionAgainAcrossARestart) {
  Open();
  Decide("widget/default/a", WidgetApply{});
  const CommandResult first = Decide("widget/default/a", AddAmount{.amount = 5}, "c-1");
  node_.reset();
  Open(0);
  const CommandResult again = Decide("widget/default/a", AddAmount{.amount = 5}, "c-1");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.position, first.position);
  EXPECT_EQ(again.events, first.events);
  EXPECT_EQ(Decide("widget/default/a", AddAmount{.amount = 6}, "c-1").rejection->code,
            RejectionCode::kIdempotencyConflict);
}

TEST_F(NodeTest, ADeferredReplyIsTheResultOfTheCommandThatAskedForIt) {
  Open();
  Decide("widget/default/a", WidgetApply{});
  Decide("widget/default/b", WidgetApply{});
  Decide("widget/default/b", AddAmount{.amount = 42});
  const CommandResult asked = Decide("widget/default/a", Ask{.target = "widget/default/b"}, "q-1");
  EXPECT_EQ(asked.entity, "widget/default/a");
  EXPECT_FALSE(asked.position.empty());
  ASSERT_NE(asked.reply.As<WidgetReply>(), nullptr);
  EXPECT_EQ(asked.reply.As<WidgetReply>()->total, 42);
  CommandResult again = Decide("widget/default/a", Ask{.target = "widget/default/b"}, "q-1");
  EXPECT_TRUE(again.duplicate);
  again.duplicate = false;
  EXPECT_EQ(again, asked);
  const CommandResult nobody = Decide("widget/default/a", Ask{.target = "widget/default/x"});
  EXPECT_FALSE(nobody.accepted);
  EXPECT_EQ(nobody.rejection->code, RejectionCode::kNotFound);
}

// What was acknowledged before a crash is in the log; a read before it is in the projections, too,
// would say that it never was.
TEST_F(NodeTest, NothingIsReadHereBeforeTheLogWasReadOnce) {
  Open();
  Decide("widget/default/a", WidgetApply{});
  EXPECT_TRUE(node_->IsCaughtUp(node_->PartitionOf("widget/default/a")));
  node_->Stop();
  node_.reset();
  auto opened = TryOpen(2);
  ASSERT_TRUE(opened);
  node_ = std::move(*opened);
  EXPECT_FALSE(node_->IsCaughtUp(0));
  EXPECT_FALSE(node_->IsCaughtUp(1));
  ASSERT_TRUE(node_->RecoverOnly());
  EXPECT_TRUE(node_->IsCaughtUp(0));
  EXPECT_TRUE(node_->IsCaughtUp(1));
}

TEST_F(NodeTest, AnotherNumberOfPartitionsIsRefused) {
  Open(2);
  Decide("widget/default/a", WidgetApply{});
  node_.reset();
  const auto wrong = TryOpen(3);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalid);
  Open(0);
  EXPECT_EQ(node_->partition_count(), 2u);
}

TEST_F(NodeTest, ADirectoryInUseIsUnavailable) {
  Open();
  const auto second = TryOpen(0);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST_F(NodeTest, AnEntitySetAsideIsReleasedAfterARestart) {
  Open();
  Decide("widget/default/a", WidgetApply{});
  Decide("widget/default/b", WidgetApply{});
  EXPECT_EQ(Decide("widget/default/a", BreakTable{}).rejection->code, RejectionCode::kQuarantined);
  Decide("widget/default/b", Tell{.target = "widget/default/a", .times = 2});
  node_.reset();
  Open(0);
  EXPECT_EQ(Decide("widget/default/a", AddAmount{.amount = 1}).rejection->code,
            RejectionCode::kQuarantined);
  Decide("widget/default/a", Release{});
  // Asked over `internal`, so it comes behind whatever was parked.
  const auto asked = Await(MakeCommand("widget/default/b", Ask{.target = "widget/default/a"}));
  ASSERT_TRUE(asked.has_value());
  EXPECT_NE(asked->result.reply.As<WidgetReply>(), nullptr);
}

TEST_F(NodeTest, BytesThatCannotBeReadAreKept) {
  Open();
  std::promise<ErrorCode> told;
  node_->SubmitBytes(1, "no flatbuffer", false, [&](Result<CallerAnswer> answer) {
    told.set_value(answer ? ErrorCode::kNotFound : answer.error().code);
  });
  EXPECT_EQ(told.get_future().get(), ErrorCode::kInvalid);
  size_t letters = 0;
  const auto read = node_->journal().ReadDeadLetters(1, 0, [&](const DeadLetter& letter) {
    EXPECT_EQ(letter.payload, "no flatbuffer");
    ++letters;
    return true;
  });
  EXPECT_TRUE(read.has_value());
  EXPECT_EQ(letters, 1u);
}

TEST_F(NodeTest, ACommandOfAnotherPartitionSaysSo) {
  Open();
  Decide("widget/default/a", WidgetApply{});
  const uint32_t wrong = 1 - node_->PartitionOf("widget/default/a");
  std::promise<ErrorCode> told;
  node_->SubmitBytes(wrong, Pack(MakeCommand("widget/default/a", AddAmount{.amount = 1}, "c-1")),
                     false, [&](Result<CallerAnswer> answer) {
                       told.set_value(answer ? ErrorCode::kNotFound : answer.error().code);
                     });
  EXPECT_EQ(told.get_future().get(), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace sluice
