// What comes over `internal`: outcomes, replies, and records that stop the partition by name (I8).
#include "engine/tests/engine_fixture.h"
#include "events/codec.h"

namespace sluice {
namespace {

class FollowUpTest : public EngineTest {
 protected:
  // What partition 0 says to an internal record nobody sent.
  Result<void> DecideForged(const Command& command) {
    auto term = cluster_->journal().OpenPartition(0);
    Decider decider(kinds_, cluster_->store(0), **term, cluster_->clock(), {});
    if (auto started = decider.Start(); !started) return started;
    decider.StageOpened(cluster_->journal().epoch(), 3);
    InputRecord record;
    record.input = Input::kInternal;
    record.offset = 1000;
    record.timestamp = cluster_->clock().Now();
    record.payload = Pack(command);
    return decider.DecideRecord(std::move(record));
  }
  Command Forged(std::string entity, AnyTable payload, uint64_t number) {
    Command command;
    command.entity = std::move(entity);
    command.payload = std::move(payload);
    command.source = FollowUpSource{
        .epoch = {9, 9}, .partition = 2, .term = 1, .number = number, .entity = "widget/default/x"};
    return command;
  }
};

TEST_F(FollowUpTest, AnUnknownInternalCommandStopsThePartitionByName) {
  Command command = Forged("widget/default/a", AnyTable::Of(Hear{}), 1);
  std::string bytes = Pack(command);
  const auto at = bytes.find("Hear");
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 4, "Heap");  // a type this build does not have
  const Result<Command> read = Unpack<Command>(bytes);
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->payload.type(), nullptr);
  const Result<void> stopped = DecideForged(*read);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, ErrorCode::kUnknownType);
  EXPECT_NE(stopped.error().message.find("Heap"), std::string::npos);
}

TEST_F(FollowUpTest, AnUnknownCommandOfAUserIsRefusedOnTheWrongPartitionToo) {
  Command command;
  command.entity = "widget/default/a";
  command.id = "c-1";
  command.payload = AnyTable::Of(AddAmount{.amount = 1});
  std::string bytes = Pack(command);
  bytes.replace(bytes.find("AddAmount"), 9, "AddAmulet");
  const uint32_t home = cluster_->PartitionOf("widget/default/a");
  cluster_->SendBytes((home + 1) % 3, bytes, false);
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(cluster_->Log(home).back().decision->verdict, Verdict::kRejected);
}

TEST_F(FollowUpTest, AFollowUpToAnUnknownKindStopsThePartitionByName) {
  const Result<void> stopped = DecideForged(
      Forged("gizmo/default/a", AnyTable::Of(Observe{.observer = "widget/default/a"}), 1));
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, ErrorCode::kUnknownType);
  EXPECT_NE(stopped.error().message.find("gizmo"), std::string::npos);
}

TEST_F(FollowUpTest, NumbersBeginAtOne) {
  const Result<void> stopped = DecideForged(Forged("widget/default/a", AnyTable::Of(Hear{}), 0));
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCorruption);
}

TEST_F(FollowUpTest, AMachineThatTalksToAKindNobodyHasIsAtFaultItself) {
  Create("widget/default/a");
  const Decision refused =
      cluster_->Decide("widget/default/a", Tell{.target = "gizmo/default/b", .times = 1});
  EXPECT_EQ(refused.rejection->code, RejectionCode::kQuarantined);
  EXPECT_NE(refused.rejection->message.find("gizmo"), std::string::npos);
}

TEST_F(FollowUpTest, AnAnswerIsAcceptedAndChangesNothing) {
  Create("widget/default/a");
  Create("widget/default/b");
  const uint64_t version = widget("widget/default/a").version;
  cluster_->Decide("widget/default/a", Ask{.target = "widget/default/b"}, "q-1");
  const auto log = cluster_->Log(cluster_->PartitionOf("widget/default/a"));
  ASSERT_NE(log.back().decision->command->payload.As<Answered>(), nullptr);
  EXPECT_EQ(log.back().decision->verdict, Verdict::kAccepted);
  EXPECT_EQ(widget("widget/default/a").version, version);
}

TEST_F(FollowUpTest, ARejectionIsAnAnswerToo) {
  Create("widget/default/a");
  EXPECT_TRUE(cluster_->Decide("widget/default/a", Ask{.target = "widget/default/nobody"}, "q-1")
                  .reply_deferred);
  const auto log = cluster_->Log(cluster_->PartitionOf("widget/default/a"));
  const auto* answered = log.back().decision->command->payload.As<Answered>();
  ASSERT_NE(answered, nullptr);
  EXPECT_FALSE(answered->result->accepted);
  EXPECT_EQ(answered->result->rejection->code, RejectionCode::kNotFound);
}

TEST_F(FollowUpTest, ACalleeSetAsideAnswersOnceItIsReleased) {
  Create("widget/default/a");
  Create("widget/default/b");
  cluster_->Decide("widget/default/b", BreakTable{});
  cluster_->Decide("widget/default/a", Ask{.target = "widget/default/b"}, "q-1");
  const uint32_t home = cluster_->PartitionOf("widget/default/a");
  const auto remembered = [&] {
    return **cluster_->store(home).FindCommand("widget/default/a", "q-1", nullptr);
  };
  EXPECT_FALSE(remembered().answered_by.has_value());
  cluster_->Decide("widget/default/b", Release{});
  EXPECT_TRUE(remembered().answered_by.has_value());
}

TEST_F(FollowUpTest, AnImportedLogNumbersItsInputsAndFollowUpsAnew) {
  Create("widget/default/a");
  cluster_->Decide("widget/default/a", Tell{.target = "widget/default/nobody", .times = 2});
  const uint32_t home = cluster_->PartitionOf("widget/default/a");
  PartitionState state = cluster_->store(home).applied();
  ASSERT_GT(state.next_commands, 0u);
  ASSERT_FALSE(state.targets.empty());
  const PartitionState before = state;
  LogRecord record;
  record.partition = home;
  record.term = state.term + 1;
  record.sequence = state.next_sequence;
  record.previous = state.chain;
  record.opened = Opened{.epoch = {8, 8},
                         .node = "n",
                         .build = "b",
                         .time = state.decision_time,
                         .partitions = 3,
                         .settings = {}};
  const Result<void> folded = FoldPartition(state, record, Pack(record));
  ASSERT_TRUE(folded.has_value()) << folded.error().message;
  EXPECT_EQ(state.epoch, (Hash128{8, 8}));
  EXPECT_EQ(state.next_commands, 0u);
  EXPECT_EQ(state.next_internal, 0u);
  EXPECT_TRUE(state.targets.empty());
  EXPECT_EQ(state.next_sequence, before.next_sequence + 1);
  EXPECT_EQ(state.next_timer, before.next_timer);
  EXPECT_EQ(state.settings, before.settings);
}

// Else whoever sets off much would pile it up before everybody's follow-ups.
TEST_F(FollowUpTest, FewerCommandsAreTakenWhileFollowUpsPileUp) {
  ProcessorOptions options;
  options.commands_per_batch = 8;
  options.internal_per_batch = 8;
  testing::Cluster cluster(kinds_, 1, options);
  ASSERT_TRUE(cluster.OpenAll().has_value());
  for (const char* name : {"widget/default/teller", "widget/default/hearer"}) {
    cluster.Decide(name, WidgetApply{});
  }
  cluster.Send("widget/default/teller", Tell{.target = "widget/default/hearer", .times = 100});
  for (int i = 0; i < 200; ++i) cluster.Send("widget/default/teller", AddAmount{.amount = 1});
  ASSERT_TRUE(cluster.Run().has_value());
  size_t commands = 0;
  size_t before_the_last = 0;
  for (const LogRecord& record : cluster.Log(0)) {
    if (!record.decision) continue;
    if (record.decision->command->payload.As<AddAmount>()) ++commands;
    if (record.decision->command->payload.As<sluice::Outcome>()) before_the_last = commands;
  }
  EXPECT_EQ(commands, 200u);
  // A hundred are told and answer: 200 follow-ups in batches of eight, and a command beside each;
  // before and behind them whole shares.
  EXPECT_GE(before_the_last, 200 / 8 - 1);
  EXPECT_LE(before_the_last, 200 / 8 + 4 * 8);
  EXPECT_EQ(cluster.CompareWithReplay(0), "");
}

}  // namespace
}  // namespace sluice
