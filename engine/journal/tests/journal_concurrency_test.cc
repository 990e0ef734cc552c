// Readers, callers and owners at once. What they see must be a prefix of the log at any moment.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <utility>

#include "engine/journal/tests/embedded_fixture.h"
#include "engine/journal/tests/journal_conformance.h"

namespace sluice {
namespace {

using JournalConcurrency = EmbeddedFixture;

std::string Record(uint64_t sequence) {
  return std::to_string(sequence) + std::string(sequence % 50, 'x');
}

TEST_F(JournalConcurrency, ReadersSeeAPrefixOfTheLogThatOnlyGrows) {
  auto journal = Open(Options(1));
  auto partition = journal->OpenPartition(0).value();
  std::atomic<bool> writing = true;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] {
      uint64_t seen_before = 0;
      bool last = false;
      while (!last) {
        last = !writing;
        const uint64_t end = journal->EndSequence(0).value();
        const uint64_t from = i == 0 ? 0 : seen_before / 2;
        uint64_t next = from;
        const auto read =
            journal->ReadEvents(0, from, [&](uint64_t sequence, std::string_view record) {
              EXPECT_EQ(sequence, next++);
              EXPECT_EQ(record, Record(sequence));
              return true;
            });
        EXPECT_TRUE(read) << ToString(read.error());
        EXPECT_GE(next, end);
        EXPECT_GE(next, seen_before);
        seen_before = next;
      }
      EXPECT_EQ(seen_before, 3000u);
    });
  }
  for (uint64_t sequence = 0; sequence < 3000; sequence += 3) {
    partition->Commit({.first_sequence = sequence,
                       .records = {Record(sequence), Record(sequence + 1), Record(sequence + 2)}},
                      [](Result<void> result) { EXPECT_TRUE(result); });
  }
  partition.reset();
  writing = false;
  for (std::thread& reader : readers) reader.join();
}

// Polls both inputs until `commands` commands and `follow_ups` internal records were decided; each
// command is decided with a follow-up to the next partition.
void OwnPartition(EmbeddedJournal& journal, uint32_t p, uint64_t commands, uint64_t follow_ups) {
  WakeupSignal signal;  // Outlives the partition, whose last commits ring it.
  auto partition = journal.OpenPartition(p).value();
  ASSERT_TRUE(partition->StartInputs({}));
  partition->SetWakeup(signal.Callback());
  InputOffsets decided;
  while (decided.commands < commands || decided.internal < follow_ups) {
    std::vector<InputRecord> records;
    const PollLimits limits{.max_records = 16};
    ASSERT_TRUE(partition->Poll(Input::kCommands, limits, &records));
    ASSERT_TRUE(partition->Poll(Input::kInternal, limits, &records));
    if (records.empty()) {
      ASSERT_TRUE(signal.Wait());
      continue;
    }
    CommitBatch batch{.first_sequence = partition->EndSequence()};
    for (const InputRecord& record : records) {
      const bool is_command = record.input == Input::kCommands;
      uint64_t& next = is_command ? decided.commands : decided.internal;
      ASSERT_EQ(record.offset, next++);
      batch.records.push_back(record.payload);
      if (is_command) {
        batch.follow_ups.push_back({(p + 1) % journal.partition_count(), record.payload});
      }
    }
    batch.decided = decided;
    partition->Commit(std::move(batch), [](Result<void> result) { EXPECT_TRUE(result); });
  }
}

TEST_F(JournalConcurrency, EveryCommandAndFollowUpIsDecidedOnceUnderLoad) {
  constexpr uint32_t kPartitions = 3;
  constexpr uint64_t kCommands = 1000;
  EmbeddedOptions options = Options(kPartitions);
  options.command_records_max = 64;
  options.internal_records_max = 20;
  auto journal = Open(std::move(options));
  std::vector<std::thread> threads;
  for (uint32_t p = 0; p < kPartitions; ++p) {
    threads.emplace_back([&, p] { OwnPartition(*journal, p, kCommands, kCommands); });
    threads.emplace_back([&, p] {
      for (uint64_t i = 0; i < kCommands; ++i) {
        while (!journal->Append(p, UserCommand(std::to_string(i)))) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (uint32_t p = 0; p < kPartitions; ++p) {
    std::vector<std::string> records = ReadAll(*journal, p);
    ASSERT_EQ(records.size(), 2 * kCommands);
    std::vector<std::string> expected;
    for (uint64_t i = 0; i < kCommands; ++i) expected.insert(expected.end(), 2, std::to_string(i));
    std::sort(records.begin(), records.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(records, expected);
  }
}

TEST_F(JournalConcurrency, TermsThatOpenAtOnceLeaveExactlyOneOwner) {
  auto journal = Open(Options(1));
  std::vector<std::unique_ptr<PartitionJournal>> terms(8);
  std::vector<std::thread> threads;
  for (auto& term : terms) {
    threads.emplace_back([&] { term = journal->OpenPartition(0).value(); });
  }
  for (std::thread& thread : threads) thread.join();
  int owners = 0;
  for (auto& term : terms) {
    std::vector<InputRecord> records;
    const bool started = term->StartInputs({}).has_value();
    const bool committed = CommitNow(*term, {.records = {"r"}}).has_value();
    EXPECT_EQ(started, committed);
    owners += committed ? 1 : 0;
  }
  EXPECT_EQ(owners, 1);
  EXPECT_EQ(journal->EndSequence(0).value(), 1u);
}

}  // namespace
}  // namespace sluice
