// The log, its terms and its dead letters.
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
  // However far the next one is from the last.
  for (uint64_t from = 0; from < all.size(); ++from) {
    for (uint64_t step = 1; from + step < all.size(); ++step) {
      std::vector<uint64_t> sequences;
      for (uint64_t sequence = from; sequence < all.size(); sequence += step) {
        sequences.push_back(sequence);
      }
      ASSERT_EQ(at(sequences), sequences) << from << " " << step;
      sequences.push_back(all.size() + step);
      ASSERT_EQ(at(sequences).size(), sequences.size() - 1) << from << " " << step;
    }
  }
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

TEST_P(JournalConformance, PartitionsThatAreNotThereAreRefused) {
  EXPECT_EQ(journal().OpenPartition(kPartitions).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal().Append(kPartitions, UserCommand("a")).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal().EndSequence(kPartitions).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(journal().RemoveDeadLetter(kPartitions, 0).error().code, ErrorCode::kInvalid);
}

}  // namespace sluice
