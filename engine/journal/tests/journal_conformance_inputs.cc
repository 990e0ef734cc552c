// What of its inputs a journal hands out, when, and what is decided of them.
#include <gmock/gmock.h>

#include "engine/journal/tests/journal_conformance.h"

namespace sluice {

using testing::ElementsAre;

TEST_P(JournalConformance, CommandsAreHandedOutOnceInOrderAsTheyCame) {
  auto partition = Open(1);
  const uint64_t begin = harness_->holds_inputs() ? 7 : 0;
  ASSERT_TRUE(partition->StartInputs({.commands = begin}));
  InputRecord first = UserCommand("one");
  first.is_json = true;
  first.headers = {{"traceparent", "00-1"}};
  ASSERT_TRUE(journal().Append(1, first));
  ASSERT_TRUE(journal().Append(1, UserCommand("two")));
  ASSERT_TRUE(journal().Append(2, UserCommand("elsewhere")));
  const auto records = PollUntil(*partition, Input::kCommands, 2);
  ASSERT_THAT(Payloads(records), ElementsAre("one", "two"));
  EXPECT_EQ(records[0].input, Input::kCommands);
  EXPECT_TRUE(records[0].is_json);
  EXPECT_EQ(records[0].headers, first.headers);
  EXPECT_FALSE(records[1].is_json);
  EXPECT_TRUE(records[0].timestamp.IsSet());
  EXPECT_GE(records[0].offset, begin);
  EXPECT_GT(records[1].offset, records[0].offset);
  std::vector<InputRecord> none;
  EXPECT_EQ(partition->Poll(Input::kCommands, {}, &none).value(), 0u);
  AwaitInputsWaiting(*partition, 0);
}

TEST_P(JournalConformance, PollKeepsToItsLimits) {
  if (!harness_->holds_inputs()) GTEST_SKIP() << "what comes is the broker's to say";
  auto partition = Open(0);
  ASSERT_TRUE(partition->StartInputs({}));
  for (const size_t size : {10, 10, 10, 5000, 10}) {
    ASSERT_TRUE(journal().Append(0, UserCommand(std::string(size, 'x'))));
  }
  EXPECT_EQ(partition->InputsWaiting(), 5u);
  const auto sizes = [&](const PollLimits& limits) {
    std::vector<InputRecord> records;
    EXPECT_TRUE(partition->Poll(Input::kCommands, limits, &records));
    std::vector<size_t> result;
    for (const InputRecord& record : records) result.push_back(record.payload.size());
    return result;
  };
  EXPECT_THAT(sizes({.max_records = 2, .max_bytes = 1000}), ElementsAre(10, 10));
  EXPECT_EQ(partition->InputsWaiting(), 3u);
  EXPECT_THAT(sizes({.max_records = 9, .max_bytes = 1000}), ElementsAre(10));
  EXPECT_THAT(sizes({.max_records = 9, .max_bytes = 1000}), ElementsAre(5000));
  EXPECT_THAT(sizes({.max_records = 9, .max_bytes = 1000}), ElementsAre(10));
}

TEST_P(JournalConformance, FollowUpsReachTheirTargetInOrderPerSource) {
  auto a = Open(0);
  auto b = Open(1);
  auto target = Open(2);
  ASSERT_TRUE(target->StartInputs({}));
  constexpr uint64_t kEach = 60;
  for (uint64_t i = 0; i < kEach; i += 2) {
    for (PartitionJournal* source : {a.get(), b.get()}) {
      const std::string name = source == a.get() ? "a" : "b";
      source->Commit({.first_sequence = i / 2,
                      .records = {"r"},
                      .follow_ups = {{2, name + std::to_string(i)},
                                     {0, "other"},
                                     {2, name + std::to_string(i + 1)}}},
                     [](Result<void> result) { EXPECT_TRUE(result); });
    }
  }
  const auto records = PollUntil(*target, Input::kInternal, 2 * kEach, {.max_records = 7});
  uint64_t next_a = 0;
  uint64_t next_b = 0;
  uint64_t offset_min = 0;
  for (const InputRecord& record : records) {
    uint64_t& next = record.payload[0] == 'a' ? next_a : next_b;
    EXPECT_EQ(record.payload.substr(1), std::to_string(next++));
    EXPECT_EQ(record.input, Input::kInternal);
    EXPECT_TRUE(record.timestamp.IsSet());
    EXPECT_GE(record.offset, offset_min);
    offset_min = record.offset + 1;
  }
  EXPECT_EQ(next_a, kEach);
  EXPECT_EQ(next_b, kEach);
}

TEST_P(JournalConformance, OnlyUndecidedFollowUpsComeBack) {
  auto partition = Open(0);
  ASSERT_TRUE(CommitNow(*partition, {.first_sequence = 0,
                                     .records = {"opened"},
                                     .follow_ups = {{0, "a"}, {0, "b"}, {0, "c"}, {0, "d"}}}));
  ASSERT_TRUE(partition->StartInputs({}));
  const auto handed_out = PollUntil(*partition, Input::kInternal, 4);
  const InputOffsets decided{.internal = handed_out[1].offset + 1};
  ASSERT_TRUE(
      CommitNow(*partition, {.first_sequence = 1, .records = {"a", "b"}, .decided = decided}));
  partition.reset();
  harness_->Reopen();
  partition = Open(0);
  ASSERT_TRUE(partition->StartInputs(decided));
  const auto again = PollUntil(*partition, Input::kInternal, 2);
  EXPECT_THAT(Payloads(again), ElementsAre("c", "d"));
  EXPECT_EQ(again[0].offset, handed_out[2].offset);
  EXPECT_EQ(again[0].timestamp, handed_out[2].timestamp);
}

TEST_P(JournalConformance, CommitWithoutRecordsMovesTheInputsAlone) {
  if (!harness_->holds_inputs()) GTEST_SKIP() << "only decisions say what is decided";
  auto partition = Open(0);
  ASSERT_TRUE(CommitNow(*partition, {.records = {"opened"}, .follow_ups = {{0, "a"}, {0, "b"}}}));
  ASSERT_TRUE(partition->StartInputs({}));
  const auto records = PollUntil(*partition, Input::kInternal, 2);
  ASSERT_TRUE(
      CommitNow(*partition, {.first_sequence = 1, .decided = {.internal = records[0].offset + 1}}));
  EXPECT_EQ(partition->EndSequence(), 1u);
  partition.reset();
  harness_->Reopen();
  partition = Open(0);
  ASSERT_TRUE(partition->StartInputs({}));
  EXPECT_THAT(Payloads(PollUntil(*partition, Input::kInternal, 1)), ElementsAre("b"));
}

TEST_P(JournalConformance, NextTermIsHandedWhatTheLastDidNotDecide) {
  auto first = Open(0);
  ASSERT_TRUE(CommitNow(*first, {.records = {"r"}, .follow_ups = {{0, "a"}, {0, "b"}}}));
  ASSERT_TRUE(first->StartInputs({}));
  PollUntil(*first, Input::kInternal, 2);
  auto second = Open(0);
  ASSERT_TRUE(second->StartInputs({}));
  EXPECT_THAT(Payloads(PollUntil(*second, Input::kInternal, 2)), ElementsAre("a", "b"));
}

TEST_P(JournalConformance, InputsThatEndBelowWhatIsDecidedAreRefused) {
  auto partition = Open(0);
  const auto started = partition->StartInputs({.internal = 5});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kCorruption);
}

TEST_P(JournalConformance, OnlyStartedInputsWithRecordsArePolled) {
  auto partition = Open(0);
  std::vector<InputRecord> records;
  for (const Input input : {Input::kCommands, Input::kInternal}) {
    EXPECT_EQ(partition->Poll(input, {}, &records).error().code, ErrorCode::kInvalid);
  }
  ASSERT_TRUE(partition->StartInputs({}));
  for (const Input input : {Input::kTimers, Input::kParked}) {
    EXPECT_EQ(partition->Poll(input, {}, &records).error().code, ErrorCode::kInvalid);
  }
}

TEST_P(JournalConformance, WakesTheOwnerForInputAndForCommits) {
  auto partition = Open(0);
  auto other = Open(1);
  ASSERT_TRUE(partition->StartInputs({}));
  WakeupSignal signal;
  partition->SetWakeup(signal.Callback());
  // As an owner goes on: nothing is polled before it is woken, and all there is once it is.
  const auto is_woken_for = [&](Input wanted) {
    std::vector<InputRecord> records;
    while (records.empty()) {
      if (!signal.Wait()) return false;
      std::vector<InputRecord> others;
      for (const Input input : {Input::kCommands, Input::kInternal}) {
        if (!partition->Poll(input, {}, input == wanted ? &records : &others)) return false;
      }
    }
    return true;
  };
  ASSERT_TRUE(journal().Append(0, UserCommand("a")));
  EXPECT_TRUE(is_woken_for(Input::kCommands));
  ASSERT_TRUE(CommitNow(*other, {.records = {"r"}, .follow_ups = {{0, "b"}}}));
  EXPECT_TRUE(is_woken_for(Input::kInternal));
  ASSERT_TRUE(CommitNow(*partition, {.records = {"r"}}));
  EXPECT_TRUE(signal.Wait());
  partition.reset();  // The signal must not be touched from here on.
}

}  // namespace sluice
