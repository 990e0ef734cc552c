// An imported log: what was undecided is decided once, numbers go on, and no term opens before the
// import is finished.
#include "replay/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <sstream>
#include <tuple>

#include "engine/journal/embedded_import.h"
#include "engine/journal/journal_import.h"
#include "events/codec.h"
#include "events/epoch.h"
#include "replay/fork.h"
#include "replay/tests/recorded.h"

namespace sluice::replay {
namespace {

using ::testing::HasSubstr;

constexpr Hash128 kNewEpoch{8, 8};

// Sent and decided follow-ups: source, target, sequence of the sender, number.
using Numbers = std::set<std::tuple<uint32_t, uint32_t, uint64_t, uint64_t>>;

// Of one whose follow-ups are decided more than once, or come out of nothing, the fault is told.
void CountFollowUps(const testing::Cluster& cluster, Numbers* sent, Numbers* decided) {
  for (uint32_t partition = 0; partition < cluster.partition_count(); ++partition) {
    for (const LogRecord& record : cluster.Log(partition)) {
      if (!record.decision || OpenedEpoch(record) != nullptr) continue;
      const Decision& decision = *record.decision;
      for (const FollowUp& follow_up : decision.effects.follow_ups) {
        sent->insert({partition, follow_up.target_partition, record.sequence, follow_up.number});
      }
      if (decision.origin->input != Input::kInternal) continue;
      const FollowUpSource& source = *decision.command->source;
      const bool is_first =
          decided->insert({source.partition, partition, source.sequence, source.number}).second;
      EXPECT_TRUE(is_first) << partition << ":" << record.sequence;
    }
  }
}

class ImportTest : public ::testing::Test {
 protected:
  ImportTest()
      : directory_(::testing::TempDir() + "/sluice-import-steps-" + std::to_string(getpid())),
        moved_(BuiltinKinds(), 2, {}, {.epoch = kNewEpoch}) {
    RunPoolDry(recorded_);
    archive_ = recorded_.Archive();
    // Up to between a decision and that on its follow-up.
    cut_ = archive_->Now();
    for (const LogRecord& record : recorded_.cluster().Log(1)) {
      if (!record.decision || !record.decision->command->source) continue;
      if (record.decision->command->source->partition == 0) cut_[1] = record.sequence;
    }
    EXPECT_LT(cut_[1], archive_->End(1));
    std::filesystem::remove_all(directory_);
  }
  ~ImportTest() override { std::filesystem::remove_all(directory_); }

  std::string CutFile() const {
    return FileOf(*archive_, ExportForm::kBinary, {{"to", FormatCoverage(cut_)}});
  }

  // A file of so many records of each partition, whether or not they fit together.
  std::string FileUpTo(const Coverage& end) const {
    std::ostringstream out;
    ExportHeader header;
    header.partitions = 2;
    header.coverage = end;
    ExportWriter writer(out, ExportForm::kBinary, header);
    for (uint32_t partition = 0; partition < 2; ++partition) {
      EXPECT_TRUE(archive_->Read(partition, 0, [&](uint64_t at, std::string_view bytes) {
        if (at >= end[partition]) return false;
        writer.Add({.position = {partition, at}, .bytes = Bytes(bytes), .decision_json = ""});
        return true;
      }));
    }
    EXPECT_TRUE(writer.Finish());
    return out.str();
  }

  Result<Imported> MoveIntoMemory(const std::string& text) {
    auto import = JournalImport::Begin(moved_.journal(), [&] {
      while (moved_.journal().CompleteOne()) {
      }
    });
    if (!import) return tl::unexpected(import.error());
    std::istringstream in(text);
    auto reader = ExportReader::Open(in);
    if (!reader) return tl::unexpected(reader.error());
    return ImportInto(**import, *reader);
  }

  Recorded recorded_;
  std::unique_ptr<MemoryArchive> archive_;
  Coverage cut_;
  const std::string directory_;
  testing::Cluster moved_;
};

TEST_F(ImportTest, WhatWasUndecidedIsDecidedOnceAndNumbersGoOn) {
  const auto imported = MoveIntoMemory(CutFile());
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_GE(imported->undecided, 1u);
  EXPECT_EQ(imported->epoch, ToHex(kNewEpoch));
  moved_.clock().Set(recorded_.cluster().clock().Now());
  ASSERT_TRUE(moved_.OpenAll());
  ASSERT_TRUE(moved_.Run());
  Command command;
  command.entity = "network/default/later";
  command.payload = CommandFromJson(R"({"entity":"network/default/later","command":"Apply",)"
                                    R"("payload":{"spec":{"ipFamilies":["IPv4"]}}})",
                                    BuiltinKinds())
                        ->payload;
  const uint64_t ticket = moved_.Send(command);
  // Longer than any phase may wait: timers armed in the old log come due.
  moved_.clock().Advance(Duration::Hours(1));
  ASSERT_TRUE(moved_.Run());
  EXPECT_EQ(moved_.answers().at(ticket)->decision->verdict, Verdict::kAccepted);

  size_t timers = 0;
  for (uint32_t partition = 0; partition < 2; ++partition) {
    const std::vector<LogRecord> log = moved_.Log(partition);
    const std::vector<LogRecord> was = recorded_.cluster().Log(partition);
    ASSERT_GT(log.size(), cut_[partition] + 1);
    for (uint64_t at = 0; at < cut_[partition]; ++at) ASSERT_EQ(log[at], was[at]);
    EXPECT_NE(OpenedEpoch(log[cut_[partition]]), nullptr);
    EXPECT_TRUE(log[cut_[partition] + 1].opened);
    EXPECT_FALSE(log[cut_[partition] + 1].opened->settings);
    for (uint64_t at = cut_[partition] + 2; at < log.size(); ++at) {
      EXPECT_EQ(log[at].decision->origin->epoch, kNewEpoch);
      timers += log[at].decision->origin->input == Input::kTimers ? 1 : 0;
    }
    EXPECT_EQ(moved_.CompareWithReplay(partition), "");
  }
  EXPECT_GE(timers, 1u);
  Numbers sent;
  Numbers decided;
  CountFollowUps(moved_, &sent, &decided);
  EXPECT_EQ(sent, decided);

  // Who looks into it finds nothing wrong, and decides it again to the same bytes.
  MemoryArchive whole(BuiltinKinds(), 2);
  for (uint32_t partition = 0; partition < 2; ++partition) {
    for (const LogRecord& record : moved_.Log(partition)) {
      ASSERT_TRUE(whole.Add(partition, Pack(record)));
    }
  }
  const Json verified = AskFor(whole, "verify");
  EXPECT_FALSE(verified.contains("divergence")) << verified.dump(1);
  const auto forked = MakeFork(whole, {}, {});
  ASSERT_TRUE(forked) << forked.error().message;
  EXPECT_TRUE(forked->report.identical);
}

TEST_F(ImportTest, ATermIsRefusedOnAPartitionThatIsNotClosed) {
  auto import = JournalImport::Begin(moved_.journal(), [&] {
    while (moved_.journal().CompleteOne()) {
    }
  });
  ASSERT_TRUE(import);
  for (const LogRecord& record : recorded_.cluster().Log(0)) {
    ASSERT_TRUE((*import)->Add(record, Pack(record)));
  }
  ASSERT_TRUE((*import)->Close({}));
  import->reset();
  const auto opened = moved_.Open(0);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(opened.error().message, HasSubstr("import of partition 0 was not finished"));
}

TEST_F(ImportTest, PartitionsThatDoNotFitTogetherAreRefused) {
  // Partition 1 has decided what partition 0 has not sent.
  Coverage ends = archive_->Now();
  for (const LogRecord& record : recorded_.cluster().Log(1)) {
    if (!record.decision || !record.decision->command->source) continue;
    const FollowUpSource& source = *record.decision->command->source;
    if (source.partition == 0) ends[0] = std::min(ends[0], source.sequence);
  }
  ASSERT_LT(ends[0], archive_->End(0));
  const auto refused = MoveIntoMemory(FileUpTo(ends));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("do not fit together"));
}

TEST_F(ImportTest, ADirectoryWhoseImportWasKilledIsRefusedUntilItIsDoneAnew) {
  static const SystemClock kClock;
  namespace fs = std::filesystem;
  const std::string path = directory_ + "/journal";
  const std::string unfinished = EmbeddedImport::UnfinishedPath(path);
  for (const bool closed : {false, true}) {
    {
      auto import = EmbeddedImport::Begin(path, {.partitions = 2}, kClock);
      ASSERT_TRUE(import) << import.error().message;
      for (const LogRecord& record : recorded_.cluster().Log(0)) {
        ASSERT_TRUE((*import)->Add(record, Pack(record)));
      }
      if (closed) {
        ASSERT_TRUE((*import)->Close({}));
      }
      // What a kill leaves.
      fs::copy(unfinished, directory_ + "/killed", fs::copy_options::recursive);
    }
    EXPECT_FALSE(fs::exists(unfinished));
    fs::rename(directory_ + "/killed", unfinished);
    JournalChoice choice;
    choice.data_dir = directory_;
    choice.clock = &kClock;
    const auto opened = OpenJournal(choice);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(opened.error().message, HasSubstr("import into it is not finished"));
    EXPECT_THAT(opened.error().message, HasSubstr(unfinished));
  }
  std::istringstream in(CutFile());
  auto reader = ExportReader::Open(in);
  ASSERT_TRUE(reader);
  ImportOptions options;
  options.data_dir = directory_;
  options.clock = &kClock;
  const auto imported = Import(*reader, options);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_FALSE(fs::exists(unfinished));
  EXPECT_TRUE(fs::exists(path));
}

}  // namespace
}  // namespace sluice::replay
