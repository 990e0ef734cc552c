// What a crash, a power loss or a failing disk leaves: everything acknowledged, whole commits, and
// a journal that opens and goes on.
#include <gmock/gmock.h>

#include <fstream>
#include <future>
#include <utility>

#include "engine/journal/tests/embedded_fixture.h"
#include "engine/journal/tests/fault_file_system.h"
#include "engine/journal/tests/journal_conformance.h"

namespace sluice {
namespace {

using testing::HasSubstr;

// Commit i of partition 0: one record, one follow-up to each partition, one dead letter.
CommitBatch NthCommit(uint64_t i) {
  const std::string name = std::to_string(i);
  return {.first_sequence = i,
          .records = {"record " + name},
          .follow_ups = {{0, "self " + name}, {1, "other " + name}},
          .dead_letters = {{.payload = "letter " + name, .reason = "for the test"}}};
}

// Partition 0 holds commits [0, n) whole, nothing else, and takes more. Returns n.
uint64_t ExpectWholeCommits(EmbeddedJournal& journal) {
  const uint64_t end = journal.EndSequence(0).value();
  const auto records = ReadAll(journal, 0);
  EXPECT_EQ(records.size(), end);
  const auto letters = ReadDeadLetters(journal, 0);
  EXPECT_EQ(letters.size(), end);
  auto self = journal.OpenPartition(0).value();
  auto other = journal.OpenPartition(1).value();
  EXPECT_TRUE(self->StartInputs({}));
  EXPECT_TRUE(other->StartInputs({}));
  const auto to_self = PollUntil(*self, Input::kInternal, end);
  const auto to_other = PollUntil(*other, Input::kInternal, end);
  for (uint64_t i = 0; i < end; ++i) {
    const std::string name = std::to_string(i);
    EXPECT_EQ(records[i], "record " + name);
    EXPECT_EQ(letters[i].payload, "letter " + name);
    EXPECT_EQ(to_self[i].payload, "self " + name);
    EXPECT_EQ(to_self[i].offset, i);
    EXPECT_EQ(to_other[i].payload, "other " + name);
  }
  EXPECT_TRUE(CommitNow(*self, NthCommit(end)));
  EXPECT_EQ(PollUntil(*other, Input::kInternal, 1).at(0).offset, end);
  return end;
}

class JournalCrash : public EmbeddedFixture {
 protected:
  void SetUp() override { original_ = directory_ / "journal"; }

  void OpenOriginal(uint32_t partitions) {
    EmbeddedOptions options = Options(partitions);
    options.env = files_.env();
    journal_ = Open(std::move(options));
  }

  // Commits [0, count) into the fixture's journal; sizes[i] is its log's size before commit i.
  void FillOriginal(uint64_t count) {
    OpenOriginal(2);
    partition_ = journal_->OpenPartition(0).value();
    for (uint64_t i = 0; i < count; ++i) {
      sizes_.push_back(std::filesystem::file_size(LogFile(original_)));
      ASSERT_TRUE(CommitNow(*partition_, NthCommit(i)));
    }
    sizes_.push_back(std::filesystem::file_size(LogFile(original_)));
  }

  // A copy of the running journal's directory, as a crash would leave it.
  std::string Copy() {
    const std::string copy = directory_ / "copy";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(original_, copy);
    return copy;
  }

  // Opens the copy, looks at it, lets it go on, and opens it once more.
  void ExpectCopyHolds(uint64_t commits) {
    EmbeddedOptions options = Options(2, "copy");
    options.env = files_.env();
    const uint64_t found = ExpectWholeCommits(*Open(options));
    EXPECT_EQ(found, commits);
    EXPECT_EQ(ExpectWholeCommits(*Open(options)), found + 1);
  }

  // Fills the log from `from` to past its end; returns the first byte that is another now.
  uint64_t Overwrite(const std::filesystem::path& log, uint64_t from, char garbage) const {
    std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
    std::string bytes(sizes_.back() - from, '\0');
    file.seekg(static_cast<std::streamoff>(from));
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.seekp(static_cast<std::streamoff>(from));
    file << std::string(bytes.size() + 300, garbage);
    return from + std::min(bytes.find_first_not_of(garbage), bytes.size());
  }

  uint64_t CommitsEndingBy(uint64_t size) const {
    uint64_t count = 0;
    while (count + 1 < sizes_.size() && sizes_[count + 1] <= size) ++count;
    return count;
  }

  FaultFileSystem files_;  // Outlives the journal.
  std::string original_;
  std::unique_ptr<EmbeddedJournal> journal_;
  std::unique_ptr<PartitionJournal> partition_;
  std::vector<uint64_t> sizes_;
};

TEST_F(JournalCrash, LogCutAtAnyByteLosesOnlyTheCommitsCutInto) {
  FillOriginal(4);
  for (uint64_t size = sizes_[2]; size <= sizes_.back(); ++size) {
    SCOPED_TRACE(size);
    std::filesystem::resize_file(LogFile(Copy()), size);
    ExpectCopyHolds(CommitsEndingBy(size));
    if (HasFailure()) return;
  }
}

TEST_F(JournalCrash, GarbageAfterAnyByteLosesOnlyTheCommitsItHits) {
  FillOriginal(4);
  for (const char garbage : {'\0', '\x5a'}) {
    for (uint64_t from = sizes_[2]; from < sizes_.back(); from += 11) {
      SCOPED_TRACE(from);
      ExpectCopyHolds(CommitsEndingBy(Overwrite(LogFile(Copy()), from, garbage)));
      if (HasFailure()) return;
    }
  }
}

TEST_F(JournalCrash, PowerLossLosesNothingAcknowledged) {
  OpenOriginal(2);
  partition_ = journal_->OpenPartition(0).value();
  for (uint64_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(CommitNow(*partition_, NthCommit(i)));
    if (i % 4 != 0) continue;
    files_.LoseUnsynced(original_, Copy());
    ExpectCopyHolds(i + 1);
  }
}

TEST_F(JournalCrash, CommitsOfAllPartitionsShareASync) {
  OpenOriginal(8);
  std::vector<std::unique_ptr<PartitionJournal>> partitions;
  for (uint32_t p = 0; p < 8; ++p) partitions.push_back(journal_->OpenPartition(p).value());
  // The first commit holds the committer until all others have been handed in.
  std::promise<void> all_handed_in;
  partitions[0]->Commit({.records = {"r"}}, [&](Result<void> result) {
    EXPECT_TRUE(result);
    all_handed_in.get_future().wait();
  });
  const auto ok = [](Result<void> result) { EXPECT_TRUE(result); };
  for (uint64_t i = 0; i < 10; ++i) {
    for (uint32_t p = 1; p < 8; ++p) {
      partitions[p]->Commit({.first_sequence = i, .records = {"r"}}, ok);
    }
  }
  const uint64_t before = files_.syncs();
  all_handed_in.set_value();
  partitions.clear();
  EXPECT_LE(files_.syncs() - before, 3u);
  for (uint32_t p = 1; p < 8; ++p) EXPECT_EQ(journal_->EndSequence(p).value(), 10u);
}

class JournalFault : public JournalCrash, public testing::WithParamInterface<Fault> {};

TEST_P(JournalFault, FailedWriteIsFatalAndNothingIsCommittedAfterIt) {
  OpenOriginal(2);
  partition_ = journal_->OpenPartition(0).value();
  ASSERT_TRUE(CommitNow(*partition_, NthCommit(0)));
  files_.Set(GetParam());
  const auto failed = CommitNow(*partition_, NthCommit(1));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  EXPECT_THAT(failed.error().message, HasSubstr("injected"));
  ASSERT_EQ(fatal_.size(), 1u);
  EXPECT_EQ(fatal_[0], failed.error());

  files_.Set(Fault::kNone);
  EXPECT_FALSE(CommitNow(*partition_, NthCommit(2)));
  EXPECT_EQ(fatal_.size(), 1u);
  EXPECT_EQ(journal_->EndSequence(0).value(), 1u);
  EXPECT_EQ(ReadAll(*journal_, 0).size(), 1u);
  EXPECT_EQ(journal_->Append(0, UserCommand("a")).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(journal_->RemoveDeadLetter(0, 0));
  EXPECT_FALSE(journal_->OpenPartition(1));

  // The process that comes next finds all of what was acknowledged, and of the rest all or nothing.
  Copy();
  const uint64_t found = ExpectWholeCommits(*Open(Options(2, "copy")));
  EXPECT_GE(found, 1u);
  EXPECT_LE(found, 2u);
}

TEST_P(JournalFault, FailedRemovalOfADeadLetterIsFatal) {
  OpenOriginal(2);
  partition_ = journal_->OpenPartition(0).value();
  ASSERT_TRUE(CommitNow(*partition_, NthCommit(0)));
  files_.Set(GetParam());
  EXPECT_FALSE(journal_->RemoveDeadLetter(0, 0));
  files_.Set(Fault::kNone);
  EXPECT_EQ(fatal_.size(), 1u);
  EXPECT_FALSE(CommitNow(*partition_, NthCommit(1)));
}

INSTANTIATE_TEST_SUITE_P(Faults, JournalFault,
                         testing::Values(Fault::kAppend, Fault::kShortAppend, Fault::kSync),
                         [](const testing::TestParamInfo<Fault>& fault) {
                           switch (fault.param) {
                             case Fault::kNone:
                               return "None";
                             case Fault::kAppend:
                               return "Append";
                             case Fault::kShortAppend:
                               return "ShortAppend";
                             case Fault::kSync:
                               return "Sync";
                           }
                           Unreachable();
                         });

}  // namespace
}  // namespace sluice
