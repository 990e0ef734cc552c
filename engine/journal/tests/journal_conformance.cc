#include "engine/journal/tests/journal_conformance.h"

#include <gmock/gmock.h>

#include <future>
#include <utility>

namespace sluice {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JournalConformance);

using testing::ElementsAre;
using testing::IsEmpty;

std::unique_ptr<PartitionJournal> JournalConformance::Open(uint32_t partition) {
  auto opened = journal().OpenPartition(partition);
  EXPECT_TRUE(opened) << ToString(opened.error());
  return opened ? std::move(*opened) : nullptr;
}

TEST_P(JournalConformance, NewJournalIsEmpty) {
  EXPECT_EQ(journal().partition_count(), kPartitions);
  auto partition = Open(1);
  EXPECT_EQ(partition->EndSequence(), 0u);
  EXPECT_EQ(journal().EndSequence(1).value(), 0u);
  EXPECT_THAT(ReadAll(journal(), 1), IsEmpty());
  EXPECT_THAT(ReadDeadLetters(journal(), 1), IsEmpty());
  ASSERT_TRUE(partition->StartInputs({}));
  std::vector<InputRecord> records;
  EXPECT_EQ(partition->Poll(Input::kCommands, {}, &records).value(), 0u);
  EXPECT_EQ(partition->Poll(Input::kInternal, {}, &records).value(), 0u);
}

TEST_P(JournalConformance, RecordsAreReadBackInOrderFromAnySequence) {
  auto partition = Open(0);
  ASSERT_TRUE(CommitNow(*partition, {.first_sequence = 0, .records = {"a", "b"}}));
  ASSERT_TRUE(CommitNow(*partition, {.first_sequence = 2, .records = {"c"}}));
  ASSERT_TRUE(CommitNow(*partition, {.first_sequence = 3, .records = {"d", "e", "f"}}));
  EXPECT_EQ(partition->EndSequence(), 6u);
  EXPECT_EQ(journal().EndSequence(0).value(), 6u);
  const std::vector<std::string> all = {"a", "b", "c", "d", "e", "f"};
  for (uint64_t from = 0; from <= 7; ++from) {
    const auto begin = all.begin() + static_cast<long>(std::min<uint64_t>(from, all.size()));
    EXPECT_EQ(ReadAll(journal(), 0, from), std::vector<std::string>(begin, all.end()));
  }
  EXPECT_THAT(ReadAll(journal(), 1), IsEmpty());
}

TEST_P(JournalConformance, VisitorStopsTheRead) {
  auto partition = Open(0);
  ASSERT_TRUE(CommitNow(*partition, {.first_sequence = 0, .records = {"a", "b", "c"}}));
  std::vector<uint64_t> seen;
  ASSERT_TRUE(partition->ReadEvents(1, [&](uint64_t sequence, std::string_view) {
    seen.push_back(sequence);
    return false;
  }));
  EXPECT_THAT(seen, ElementsAre(1));
}

TEST_P(JournalConformance, RecordsHereAndThere) {
  // Some in one commit, some too large to be kept with others, one alone.
  std::vector<std::string> all;
  for (size_t i = 0; i < 40; ++i) all.emplace_back(i % 7 == 3 ? 30'000 : 900, static_cast<char>(i));
  auto partition = Open(1);
  ASSERT_TRUE(
      CommitNow(*partition, {.first_sequence = 0, .records = {all.begin(), all.end() - 1}}));
  ASSERT_TRUE(CommitNow(*partition, {.first_sequence = 39, .records = {all.back()}}));
  EXPECT_EQ(ReadAll(journal(), 1), all);
  const auto at = [&](const std::vector<uint64_t>& sequences, size_t most = SIZE_MAX) {
    std::vector<uint64_t> seen;
    EXPECT_TRUE(
        journal().ReadRecords(1, sequences, [&](uint64_t sequence, std::string_view record) {
          EXPECT_EQ(record, all.at(sequence));
          seen.push_back(sequence);
          return seen.size() < most;
        }));
    return seen;
  };
  for (uint64_t sequence = 0; sequence < all.size(); ++sequence) {
    EXPECT_THAT(at({sequence}), ElementsAre(sequence));
  }
  EXPECT_THAT(at({0, 1, 5, 6, 30, 38, 39}), ElementsAre(0, 1, 5, 6, 30, 38, 39));
  EXPECT_THAT(at({2, 3, 39}, 2), ElementsAre(2, 3));
  EXPECT_THAT(at({7, 40, 1000}), ElementsAre(7));
  EXPECT_THAT(at({}), IsEmpty());
}

TEST_P(JournalConformance, RecordsAreAnyBytesOfAnySize) {
  const std::vector<std::string> records = {"", std::string("\0\xff\x80", 3),
                                            std::string(960 * 1024, 'x'), ""};
  auto partition = Open(2);
  ASSERT_TRUE(CommitNow(*partition, {.first_sequence = 0, .records = records}));
  partition.reset();
  harness_->Reopen();
  EXPECT_EQ(ReadAll(journal(), 2), records);
}

TEST_P(JournalConformance, WhatIsCommittedSurvivesReopening) {
  const Hash128 epoch = journal().epoch();
  auto partition = Open(0);
  ASSERT_TRUE(CommitNow(*partition, {.first_sequence = 0, .records = {"a", "b"}}));
  partition.reset();
  harness_->Reopen();
  EXPECT_EQ(journal().epoch(), epoch);
  EXPECT_EQ(journal().partition_count(), kPartitions);
  partition = Open(0);
  EXPECT_EQ(partition->EndSequence(), 2u);
  ASSERT_TRUE(CommitNow(*partition, {.first_sequence = 2, .records = {"c"}}));
  EXPECT_THAT(ReadAll(journal(), 0), ElementsAre("a", "b", "c"));
}

TEST_P(JournalConformance, CommitsCompleteInOrder) {
  auto partition = Open(0);
  std::vector<size_t> completed;
  std::promise<void> last;
  constexpr size_t kCommits = 200;
  for (size_t i = 0; i < kCommits; ++i) {
    partition->Commit({.first_sequence = i, .records = {std::to_string(i)}},
                      [&, i](Result<void> result) {
                        EXPECT_TRUE(result);
                        completed.push_back(i);
                        if (i + 1 == kCommits) last.set_value();
                      });
  }
  EXPECT_EQ(partition->EndSequence(), kCommits);
  last.get_future().get();
  ASSERT_EQ(completed.size(), kCommits);
  EXPECT_TRUE(std::is_sorted(completed.begin(), completed.end()));
}

TEST_P(JournalConformance, LeavingWaitsForCommitsInFlight) {
  auto partition = Open(0);
  bool done = false;
  partition->Commit({.first_sequence = 0, .records = {"a"}}, [&](Result<void>) { done = true; });
  partition.reset();
  EXPECT_TRUE(done);
}

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
  // Known where the inputs are the journal's own.
  EXPECT_EQ(partition->InputsWaiting(),
            harness_->holds_inputs() ? std::optional<uint64_t>(0) : std::nullopt);
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

TEST_P(JournalConformance, DeadLettersAreNumberedReadAndRemoved) {
  auto partition = Open(1);
  const DeadLetter letter{.payload = std::string("\0{", 2),
                          .reason = "not a command",
                          .input = Input::kCommands,
                          .offset = 41,
                          .time = Time{1'700'000'000'000'000},
                          .is_json = true};
  ASSERT_TRUE(CommitNow(*partition, {.records = {"r"}, .dead_letters = {letter, letter}}));
  auto letters = ReadDeadLetters(journal(), 1);
  for (int tries = 0; tries < 1000 && letters.size() != 2; ++tries) {
    letters = ReadDeadLetters(journal(), 1);
  }
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].number, 0u);
  EXPECT_EQ(letters[1].number, 1u);
  EXPECT_EQ(letters[1].payload, letter.payload);
  EXPECT_EQ(letters[1].reason, letter.reason);
  EXPECT_EQ(letters[1].input, letter.input);
  EXPECT_EQ(letters[1].offset, letter.offset);
  EXPECT_EQ(letters[1].time, letter.time);
  EXPECT_TRUE(letters[1].is_json);
  ASSERT_TRUE(journal().RemoveDeadLetter(1, 1));
  EXPECT_EQ(journal().RemoveDeadLetter(1, 1).error().code, ErrorCode::kNotFound);
  partition.reset();
  harness_->Reopen();
  partition = Open(1);
  ASSERT_TRUE(CommitNow(*partition, {.first_sequence = 1, .dead_letters = {letter}}));
  // A commit on Kafka is answered before its marker is written: a reader may see it a little later.
  const auto has_come = [&] {
    letters = ReadDeadLetters(journal(), 1);
    return !letters.empty() && letters.back().number == 2;
  };
  for (int tries = 1; !has_come() && tries < 1000;) ++tries;
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(letters[0].number, 0u);
  EXPECT_EQ(letters[1].number, 2u);
  EXPECT_EQ(ReadDeadLetters(journal(), 1, 1).size(), 1u);
}

TEST_P(JournalConformance, SecondTermFencesTheFirst) {
  auto first = Open(0);
  ASSERT_TRUE(first->StartInputs({}));
  Result<void> in_flight;
  first->Commit({.records = {"a"}}, [&](Result<void> result) { in_flight = std::move(result); });
  auto second = Open(0);
  ASSERT_TRUE(in_flight) << "settled before the next term begins";
  EXPECT_EQ(second->EndSequence(), 1u);
  const auto fenced = CommitNow(*first, {.first_sequence = 1, .records = {"zombie"}});
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().code, ErrorCode::kFenced);
  std::vector<InputRecord> records;
  EXPECT_EQ(first->Poll(Input::kCommands, {}, &records).error().code, ErrorCode::kFenced);
  EXPECT_EQ(first->Poll(Input::kInternal, {}, &records).error().code, ErrorCode::kFenced);
  first.reset();
  ASSERT_TRUE(CommitNow(*second, {.first_sequence = 1, .records = {"b"}}));
  ASSERT_TRUE(second->StartInputs({}));
  ASSERT_TRUE(journal().Append(0, UserCommand("c")));
  EXPECT_EQ(PollUntil(*second, Input::kCommands, 1).size(), 1u);
  EXPECT_THAT(ReadAll(journal(), 0), ElementsAre("a", "b"));
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

TEST_P(JournalConformance, PartitionsThatAreNotThereAreRefused) {
  EXPECT_EQ(journal().OpenPartition(kPartitions).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal().Append(kPartitions, UserCommand("a")).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal().EndSequence(kPartitions).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal().RemoveDeadLetter(kPartitions, 0).error().code, ErrorCode::kInvalid);
}

}  // namespace sluice
