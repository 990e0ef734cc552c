// Exports come back bit for bit; what is cut or changed is named; parts fold; redaction leaves a
// log that can be verified.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "engine/journal/embedded_journal.h"
#include "events/codec.h"
#include "events/epoch.h"
#include "events/json_writer.h"
#include "replay/export_file.h"
#include "replay/import.h"
#include "replay/tests/recorded.h"

namespace sluice::replay {
namespace {

using ::testing::HasSubstr;

class ExportTest : public ::testing::TestWithParam<ExportForm> {
 protected:
  ExportTest() : directory_(::testing::TempDir() + "/sluice-import-" + std::to_string(getpid())) {
    RunPoolDry(recorded_);
    archive_ = recorded_.Archive();
    std::filesystem::remove_all(directory_);
  }
  ~ExportTest() override { std::filesystem::remove_all(directory_); }

  Result<Imported> ImportText(const std::string& text) {
    std::istringstream in(text);
    auto reader = ExportReader::Open(in);
    if (!reader) return tl::unexpected(reader.error());
    ImportOptions options;
    options.data_dir = directory_;
    options.clock = &clock_;
    return Import(*reader, options);
  }
  // What reading the file says is wrong; empty: nothing.
  static std::string FaultOf(const std::string& text, bool keep_going = false,
                             std::vector<std::string>* damage = nullptr,
                             std::unique_ptr<MemoryArchive>* loaded = nullptr) {
    std::istringstream in(text);
    auto reader = ExportReader::Open(in);
    if (!reader) return reader.error().message;
    auto archive = LoadExport(*reader, BuiltinKinds(), keep_going, [&](const Error& error) {
      if (damage != nullptr) damage->push_back(error.message);
    });
    if (!archive) return archive.error().message;
    if (loaded != nullptr) *loaded = std::move(*archive);
    return "";
  }

  SystemClock clock_;
  const std::string directory_;
  Recorded recorded_;
  std::unique_ptr<MemoryArchive> archive_;
};

INSTANTIATE_TEST_SUITE_P(Form, ExportTest,
                         ::testing::Values(ExportForm::kLines, ExportForm::kBinary),
                         [](const auto& test) {
                           return test.param == ExportForm::kLines ? "Lines" : "Binary";
                         });

TEST_P(ExportTest, AnImportHasThePositionsAndTheChainBitForBit) {
  const auto imported = ImportText(FileOf(*archive_, GetParam()));
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(imported->records, archive_->End(0) + archive_->End(1));
  EXPECT_EQ(imported->undecided, 0u);
  EmbeddedOptions options;
  options.path = directory_ + "/journal";
  options.clock = &clock_;
  options.on_fatal = [](const Error&) {};
  const auto journal = EmbeddedJournal::Open(options);
  ASSERT_TRUE(journal) << journal.error().message;
  for (uint32_t partition = 0; partition < 2; ++partition) {
    std::vector<Bytes> was;
    std::vector<Bytes> is;
    EXPECT_TRUE(archive_->Read(partition, 0, [&](uint64_t, std::string_view bytes) {
      was.emplace_back(bytes);
      return true;
    }));
    EXPECT_TRUE((*journal)->ReadEvents(partition, 0, [&](uint64_t, std::string_view bytes) {
      is.emplace_back(bytes);
      return true;
    }));
    ASSERT_EQ(is.size(), was.size() + 1);
    const auto closing = Unpack<LogRecord>(is.back());
    ASSERT_TRUE(closing);
    ASSERT_NE(OpenedEpoch(*closing), nullptr);
    EXPECT_EQ(OpenedEpoch(*closing)->epoch, (*journal)->epoch());
    is.pop_back();
    EXPECT_EQ(was, is);
  }
  // A directory that has a log keeps it.
  const auto again = ImportText(FileOf(*archive_, GetParam()));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(again.error().message, HasSubstr("has a log already"));
}

TEST_P(ExportTest, WhatIsCutOrChangedIsNamedAndTheRestIsReadable) {
  const std::string whole = FileOf(*archive_, GetParam());
  EXPECT_EQ(FaultOf(whole), "");
  EXPECT_THAT(FaultOf(whole.substr(0, whole.size() - 8)), HasSubstr("cut"));
  EXPECT_THAT(FaultOf(whole.substr(0, whole.size() / 2)), HasSubstr("cut"));
  EXPECT_THAT(FaultOf("no export\n"), HasSubstr("no export of Sluice"));
  std::string newer = whole;
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":9");
  EXPECT_THAT(FaultOf(newer), HasSubstr("format 9"));

  std::string changed = whole;
  const size_t at = changed.find("team-a/web", changed.size() / 4);
  // In lines the bytes are base64: any character within a record will do.
  const size_t where = at != std::string::npos ? at : changed.find("\"record\":\"", 500) + 40;
  changed[where] = changed[where] == 'x' ? 'y' : 'x';
  EXPECT_THAT(FaultOf(changed), HasSubstr("was changed"));
  std::vector<std::string> damage;
  std::unique_ptr<MemoryArchive> loaded;
  EXPECT_EQ(FaultOf(changed, true, &damage, &loaded), "");
  ASSERT_EQ(damage.size(), 1u);
  EXPECT_THAT(damage[0], HasSubstr("record "));
  ASSERT_NE(loaded, nullptr);
  EXPECT_EQ(loaded->End(1), archive_->End(1));
  const auto refused = ImportText(changed);
  ASSERT_FALSE(refused);
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/journal"));
}

TEST_P(ExportTest, APartAnswersWhyAndCannotBeImported) {
  const std::string part =
      FileOf(*archive_, GetParam(), {{"entity", "network/default/shop"}, {"causes", "true"}});
  EXPECT_LT(part.size(), FileOf(*archive_, GetParam()).size());
  std::unique_ptr<MemoryArchive> loaded;
  ASSERT_EQ(FaultOf(part, false, nullptr, &loaded), "");
  const std::map<std::string, std::string, std::less<>> question{{"entity", "network/default/shop"},
                                                                 {"condition", "IPAMAllocated"}};
  EXPECT_EQ(AskFor(*loaded, "why", question)["chain"], AskFor(*archive_, "why", question)["chain"]);
  const auto imported = ImportText(part);
  ASSERT_FALSE(imported);
  EXPECT_THAT(imported.error().message, HasSubstr("part of a log"));
}

// Without what led to its first decision there: the decisions are shown, and why no more is.
TEST_P(ExportTest, APartThatBeginsInTheMiddleOfALifeSaysSo) {
  constexpr const char* kShop = "network/default/shop";
  const uint32_t partition = archive_->PartitionOf(kShop);
  const uint64_t second = archive_->Sequences(kShop, 0, 2)->back();
  const std::string from = FormatPosition(partition, second);
  const std::string part = FileOf(*archive_, GetParam(), {{"from", from}});
  std::unique_ptr<MemoryArchive> loaded;
  ASSERT_EQ(FaultOf(part, false, nullptr, &loaded), "");
  const std::string said = "begins in the middle of its life, with decision " + from + "; export";
  for (const char* verb : {"why", "diff"}) {
    EXPECT_THAT(RefusalOf(*loaded, verb, {{"entity", kShop}, {"from", from}}), HasSubstr(said));
  }
  EXPECT_THAT(RefusalOf(*loaded, "replay", {{"entities", kShop}}), HasSubstr(said));
  const auto all = ItemsOf(*archive_, "history", {{"entity", kShop}});
  for (const char* last : {"0", "100"}) {
    const auto rows = ItemsOf(*loaded, "history", {{"entity", kShop}, {"last", last}});
    ASSERT_EQ(rows.size() + 1, all.size());
    EXPECT_EQ(rows[0]["position"], all[1]["position"]);
    EXPECT_EQ(rows[0]["stateUnknown"], true);
  }
  EXPECT_THAT(AskFor(*loaded, "history", {{"entity", kShop}})["stateUnknown"].dump(),
              HasSubstr(said));
  // Of everything the others are compared.
  EXPECT_THAT(AskFor(*loaded, "diff", {{"from", from}})["notKnown"].dump(), HasSubstr(said));
  EXPECT_FALSE(AskFor(*loaded, "export")["complete"].get<bool>());
}

TEST(DamagedExport, WhatIsMissingIsNamedAndTheOthersAreReadable) {
  Recorded recorded(1);
  for (const char* entity : {"location/default/a", "location/default/b"}) {
    for (const char* provider : {"local", "region"}) {
      recorded.Send(entity, "Apply", fmt::format(R"({{"spec":{{"provider":"{}"}}}})", provider));
    }
  }
  const auto whole = recorded.Archive();
  const uint64_t first = whole->Sequences("location/default/a", 0, 1)->front();
  const std::string position = FormatPosition(0, first);
  std::string text = FileOf(*whole, ExportForm::kLines);
  const size_t line = text.find(R"({"position":")" + position + '"');
  text.erase(line, text.find('\n', line) + 1 - line);
  std::istringstream refused(text);
  auto reader = ExportReader::Open(refused);
  const auto none = LoadExport(*reader, BuiltinKinds(), false, [](const Error&) {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr(position + " is missing"));

  std::istringstream in(text);
  reader = ExportReader::Open(in);
  const auto rest = LoadExport(*reader, BuiltinKinds(), true, [&](const Error& error) {
    EXPECT_THAT(error.message, HasSubstr(position + " is missing"));
  });
  ASSERT_TRUE(rest);
  EXPECT_EQ(AskFor(**rest, "why", {{"entity", "location/default/b"}}),
            AskFor(*whole, "why", {{"entity", "location/default/b"}}));
  EXPECT_THAT(
      RefusalOf(**rest, "why", {{"entity", "location/default/a"}}),
      HasSubstr("location/default/a: what is left of the log does not lead to its decision"));
  const Json differ = AskFor(**rest, "diff", {{"from", "0:0"}});
  EXPECT_EQ(differ["notKnown"].size(), 1u) << differ.dump(1);
  EXPECT_GE(differ["differ"].get<int>(), 1);
  // What is left of a log is none.
  EXPECT_FALSE(AskFor(**rest, "export")["complete"].get<bool>());
  EXPECT_THAT(RefusalOf(**rest, "export", {{"redact", "spec"}}), HasSubstr("what is left of one"));
}

TEST_P(ExportTest, FollowUpsNotYetDecidedAreThereToBeDecided) {
  // Up to a point between a decision and that on its follow-up.
  Coverage point = archive_->Now();
  std::optional<uint64_t> cut;
  for (const LogRecord& record : recorded_.cluster().Log(1)) {
    if (!record.decision || !record.decision->command->source) continue;
    if (record.decision->command->source->partition == 0) cut = record.sequence;
  }
  ASSERT_TRUE(cut);
  point[1] = *cut;
  std::map<std::string, std::string, std::less<>> question{{"to", FormatCoverage(point)}};
  const auto imported = ImportText(FileOf(*archive_, GetParam(), question));
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_GE(imported->undecided, 1u);
}

TEST_P(ExportTest, ARedactedLogFoldsAndHidesWhatItMust) {
  const auto items = ItemsOf(*archive_, "export", {{"redact", "spec.bindingKey,spec.template"}});
  MemoryArchive redacted(BuiltinKinds(), 2);
  for (size_t i = 1; i < items.size(); ++i) {
    const auto position = ParsePosition(std::string(items[i]["position"]), 2);
    Bytes bytes;
    ASSERT_TRUE(DecodeBase64(std::string(items[i]["record"]), &bytes));
    ASSERT_TRUE(redacted.Add(position->partition, std::move(bytes)));
  }
  EXPECT_EQ(redacted.End(0), archive_->End(0));
  const Json verified = AskFor(redacted, "verify");
  EXPECT_FALSE(verified.contains("divergence")) << verified.dump(1);
  const Json why =
      AskFor(redacted, "why", {{"entity", "binding/default/web"}, {"field", "spec.bindingKey"}});
  EXPECT_THAT(why["value"].get<std::string>(), HasSubstr("redacted-"));
  const Json result = AskFor(*archive_, "export", {{"redact", "spec.bindingKey,spec.template"}});
  EXPECT_THAT(result["hashedAnew"].dump(), HasSubstr("binding/default/web"));
  EXPECT_GE(result["redactedRecords"].get<int>(), 1);
  EXPECT_THAT(RefusalOf(*archive_, "export", {{"redact", "spec"}, {"kind", "binding"}}),
              HasSubstr("from its beginning"));
}

TEST_P(ExportTest, APathThatHidesNothingIsRefusedOrNamed) {
  for (const char* path : {"spec.templte", "spec..template", "[[", "spec.", "spec.template,",
                           "spec.template[0]", "metadata.generation"}) {
    EXPECT_THAT(RefusalOf(*archive_, "export", {{"redact", std::string(path) + ",nothing"}}),
                HasSubstr("leads to no text of any kind"))
        << path;
  }
  const Json result =
      AskFor(*archive_, "export", {{"redact", "spec.template,metadata.labels.never/set"}});
  EXPECT_EQ(result["inNoRecord"].dump(), R"(["metadata.labels.never/set"])");
  EXPECT_FALSE(AskFor(*archive_, "export", {{"redact", "spec.template"}}).contains("inNoRecord"));
}

TEST_P(ExportTest, WhatIsRedactedStaysCalledSo) {
  std::unique_ptr<MemoryArchive> once;
  ASSERT_EQ(
      FaultOf(FileOf(*archive_, GetParam(), {{"redact", "spec.template"}}), false, nullptr, &once),
      "");
  EXPECT_EQ(ItemsOf(*once, "export")[0]["redacted"].dump(), R"(["spec.template"])");
  EXPECT_EQ(AskFor(*once, "what-if")["redacted"].dump(), R"(["spec.template"])");
  EXPECT_EQ(ItemsOf(*once, "export", {{"redact", "spec.bindingKey"}})[0]["redacted"].dump(),
            R"(["spec.bindingKey","spec.template"])");
  EXPECT_FALSE(AskFor(*archive_, "what-if").contains("redacted"));
}

}  // namespace
}  // namespace sluice::replay
