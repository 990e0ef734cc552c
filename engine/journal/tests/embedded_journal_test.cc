#include "engine/journal/embedded_journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "engine/journal/record_codec.h"
#include "engine/journal/tests/embedded_fixture.h"
#include "engine/journal/tests/journal_conformance.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EmbeddedHarness final : public JournalHarness {
 public:
  EmbeddedHarness(uint32_t partitions, size_t internal_records_max) {
    options_.path = directory_ / "journal";
    options_.partitions = partitions;
    options_.clock = &clock_;
    options_.internal_records_max = internal_records_max;
    options_.on_fatal = [](const Error& error) { ADD_FAILURE() << ToString(error); };
    Reopen();
  }

  Journal& journal() override { return *journal_; }

  void Reopen() override {
    journal_.reset();
    auto opened = EmbeddedJournal::Open(options_);
    ASSERT_TRUE(opened) << ToString(opened.error());
    journal_ = std::move(*opened);
  }

 private:
  TestDirectory directory_;
  ManualClock clock_{Time{1'763'719'200'000'000}};
  EmbeddedOptions options_;
  std::unique_ptr<EmbeddedJournal> journal_;
};

NamedHarness Harness(std::string name, size_t internal_records_max) {
  return {std::move(name), [internal_records_max](uint32_t partitions) {
            return std::make_unique<EmbeddedHarness>(partitions, internal_records_max);
          }};
}

// With almost no memory for internal records, nearly all of them are read back from the store.
INSTANTIATE_TEST_SUITE_P(Embedded, JournalConformance,
                         testing::Values(Harness("Embedded", 4096),
                                         Harness("EmbeddedReadingBack", 3)),
                         HarnessName);

using EmbeddedJournalTest = EmbeddedFixture;

TEST_F(EmbeddedJournalTest, AnotherNumberOfPartitionsIsRefusedNamingBoth) {
  Open(Options(4));
  const auto refused = EmbeddedJournal::Open(Options(8));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("has 4 partitions, not 8"));
  EXPECT_EQ(Open(Options(4))->partition_count(), 4u);
  EXPECT_EQ(Open(Options(0))->partition_count(), 4u);
}

TEST_F(EmbeddedJournalTest, NothingIsMadeWithoutANumberOfPartitions) {
  const auto missing = EmbeddedJournal::Open(Options(0));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "journal"));
}

TEST_F(EmbeddedJournalTest, EpochIsDrawnOnce) {
  EXPECT_EQ(Open(Options(1))->epoch(), (Hash128{1, 2}));
  EmbeddedOptions later = Options(1);
  later.draw_epoch = [] { return Hash128{3, 4}; };
  EXPECT_EQ(Open(std::move(later))->epoch(), (Hash128{1, 2}));
  EmbeddedOptions random = Options(1, "random");
  random.draw_epoch = nullptr;
  EXPECT_NE(Open(std::move(random))->epoch(), Hash128{});
}

TEST_F(EmbeddedJournalTest, MissingParentDirectoriesAreMade) {
  EXPECT_NE(Open(Options(1, "a/b/c")), nullptr);
  EXPECT_TRUE(std::filesystem::exists(directory_ / "a/b/c/CURRENT"));
}

TEST_F(EmbeddedJournalTest, SecondOpeningInThisProcessIsUnavailable) {
  const auto holder = Open(Options(1));
  const auto refused = EmbeddedJournal::Open(Options(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr(directory_ / "journal"));
  EXPECT_EQ(holder->partition_count(), 1u);
}

TEST_F(EmbeddedJournalTest, DirectoryHeldByAnotherProcessIsUnavailable) {
  Open(Options(1));
  const std::string lock_path = directory_ / "journal/LOCK";
  int held[2];
  int release[2];
  ASSERT_EQ(::pipe(held), 0);
  ASSERT_EQ(::pipe(release), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    const int fd = ::open(lock_path.c_str(), O_RDWR);
    char byte = ::fcntl(fd, F_SETLK, &whole) == 0 ? 'y' : 'n';
    ::close(release[1]);
    if (::write(held[1], &byte, 1) != 1) ::_exit(1);
    ::_exit(::read(release[0], &byte, 1) == 0 ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(::read(held[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const auto refused = EmbeddedJournal::Open(Options(1));
  ::close(release[1]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  for (const int fd : {held[0], held[1], release[0]}) ::close(fd);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr(directory_ / "journal"));
  EXPECT_NE(Open(Options(1)), nullptr);
}

// Writes the meta record past the journal.
void PutMeta(const std::string& path, const std::string& bytes) {
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, path, families, &handles, &db).ok());
  EXPECT_TRUE(db->Put({}, "meta", bytes).ok());
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  delete db;
}

TEST_F(EmbeddedJournalTest, NewerFormatIsRefusedByName) {
  Open(Options(1));
  journal::Meta newer{.format_version = 7, .partitions = 1, .epoch = {}};
  PutMeta(directory_ / "journal", journal::EncodeMeta(newer) + "and more");
  const auto refused = EmbeddedJournal::Open(Options(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("format 7; this build reads formats up to 1"));
}

TEST_F(EmbeddedJournalTest, UnreadableMetaIsCorruption) {
  Open(Options(1));
  PutMeta(directory_ / "journal", "x");
  EXPECT_EQ(EmbeddedJournal::Open(Options(1)).error().code, ErrorCode::kCorruption);
}

TEST_F(EmbeddedJournalTest, DirectoryThatLostItsCurrentIsNotTakenForEmpty) {
  {
    auto journal = Open(Options(1));
    auto partition = journal->OpenPartition(0).value();
    ASSERT_TRUE(CommitNow(*partition, {.records = {"a"}}));
  }
  const std::string current = directory_ / "journal/CURRENT";
  const std::string aside = directory_ / "CURRENT";
  std::filesystem::rename(current, aside);
  EXPECT_EQ(EmbeddedJournal::Open(Options(1)).error().code, ErrorCode::kCorruption);
  std::filesystem::rename(aside, current);
  EXPECT_THAT(ReadAll(*Open(Options(1)), 0), ElementsAre("a"));
}

TEST_F(EmbeddedJournalTest, CommandQueueIsBoundedByCountAndBytes) {
  EmbeddedOptions options = Options(2);
  options.command_records_max = 3;
  options.command_bytes_max = 10'000;
  auto journal = Open(std::move(options));
  auto partition = journal->OpenPartition(0).value();
  ASSERT_TRUE(partition->StartInputs({}));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(journal->Append(0, UserCommand("small")));
  EXPECT_EQ(journal->Append(0, UserCommand("small")).error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(journal->Append(1, UserCommand("another partition's")));
  PollUntil(*partition, Input::kCommands, 3);
  ASSERT_TRUE(journal->Append(0, UserCommand(std::string(9'000, 'x'))));
  EXPECT_EQ(journal->Append(0, UserCommand(std::string(1'000, 'x'))).error().code,
            ErrorCode::kUnavailable);
  PollUntil(*partition, Input::kCommands, 1);
  EXPECT_TRUE(journal->Append(0, UserCommand(std::string(1'000, 'x'))));
}

TEST_F(EmbeddedJournalTest, CommandsAreStampedByTheClockAndNumberedAtPoll) {
  auto journal = Open(Options(1));
  auto partition = journal->OpenPartition(0).value();
  ASSERT_TRUE(partition->StartInputs({.commands = 40}));
  InputRecord forged = UserCommand("a");
  forged.timestamp = Time{1};
  forged.offset = 99;
  forged.ticket = 5;
  ASSERT_TRUE(journal->Append(0, forged));
  const Time appended = clock_.Now();
  clock_.Advance(Duration::Seconds(5));
  ASSERT_TRUE(journal->Append(0, UserCommand("b")));
  const auto records = PollUntil(*partition, Input::kCommands, 2);
  EXPECT_EQ(records[0].timestamp, appended);
  EXPECT_EQ(records[1].timestamp, appended + Duration::Seconds(5));
  EXPECT_EQ(records[0].offset, 40u);
  EXPECT_EQ(records[1].offset, 41u);
  EXPECT_EQ(records[0].ticket, 5u);
}

TEST_F(EmbeddedJournalTest, InternalRecordsBeyondTheQueueKeepTheirOrder) {
  EmbeddedOptions options = Options(1);
  options.internal_records_max = 3;
  auto journal = Open(std::move(options));
  auto partition = journal->OpenPartition(0).value();
  ASSERT_TRUE(partition->StartInputs({}));
  const auto commit = [&](std::vector<FollowUpRecord> follow_ups) {
    ASSERT_TRUE(CommitNow(*partition, {.first_sequence = partition->EndSequence(),
                                       .records = {"r"},
                                       .follow_ups = std::move(follow_ups)}));
  };
  const auto poll = [&](size_t records_max) {
    std::vector<InputRecord> records;
    EXPECT_TRUE(partition->Poll(Input::kInternal, {.max_records = records_max}, &records));
    return Payloads(records);
  };
  commit({{0, "0"}, {0, "1"}, {0, "2"}, {0, "3"}, {0, "4"}});  // 3 and 4 are in the store alone.
  EXPECT_THAT(poll(2), ElementsAre("0", "1"));
  commit({{0, "5"}});  // There is room, but it must not overtake.
  EXPECT_THAT(poll(9), ElementsAre("2"));
  EXPECT_THAT(poll(2), ElementsAre("3", "4"));
  EXPECT_THAT(poll(9), ElementsAre("5"));
  commit({{0, "6"}});  // Caught up: from memory again.
  EXPECT_THAT(poll(9), ElementsAre("6"));
}

TEST_F(EmbeddedJournalTest, CommandsWaitForTheirPartitionToBeOpened) {
  auto journal = Open(Options(1));
  ASSERT_TRUE(journal->Append(0, UserCommand("early")));
  auto partition = journal->OpenPartition(0).value();
  ASSERT_TRUE(partition->StartInputs({}));
  EXPECT_THAT(Payloads(PollUntil(*partition, Input::kCommands, 1)), ElementsAre("early"));
}

}  // namespace
}  // namespace sluice
