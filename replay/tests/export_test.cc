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

// What an object's spec holds is carried by results of commands and by reservations, too.
TEST(Redaction, LeavesNothingInWhatCarriesASpec) {
  Recorded recorded(2);
  const std::string runtime = R"({"runtime":{"process":{"command":["run","TOPSECRET"]}}})";
  recorded.Send("instance/default/lone", "Apply", R"({"spec":)" + runtime + "}");
  recorded.Send(
      "binding/default/web", "Apply",
      R"({"spec":{"bindingKey":"k","desiredRevision":"v1","template":{"presetId":"web","spec":)" +
          runtime + "}}}");
  const std::string replace =
      R"({"targetRevision":"v2","idempotencyKey":"i","replacement":{"principal":{"id":"a","type":"user"},"request":{"namePrefix":"q"}}})";
  recorded.Send("instance/default/lone", "Replace", replace);
  recorded.Send("instance/default/web-8254c329a928-01", "Replace", replace);
  const auto archive = recorded.Archive();
  size_t with = 0;
  for (const Json& item : ItemsOf(*archive, "export")) {
    Bytes bytes;
    if (DecodeBase64(item.value("record", ""), &bytes))
      with += bytes.find("TOPSECRET") != bytes.npos;
  }
  EXPECT_GT(with, 5u);
  const Json partly = AskFor(*archive, "export", {{"redact", "spec.template"}});
  EXPECT_TRUE(partly["stillIn"].contains("instance InstanceCreated spec.runtime.process.command"))
      << partly.dump(1);
  const Json all = AskFor(*archive, "export", {{"redact", "spec.template,spec.runtime"}});
  EXPECT_FALSE(all.contains("stillIn")) << all.dump(1);
  // A path may name what holds them, too.
  for (const Json& item : ItemsOf(*archive, "export", {{"redact", "result,spec,reservation"}})) {
    EXPECT_EQ(item.dump().find("TOPSECRET"), std::string::npos) << item.dump(1);
  }
  for (const Json& item : ItemsOf(*archive, "export", {{"redact", "spec.template,spec.runtime"}})) {
    Bytes bytes;
    DecodeBase64(item.value("record", ""), &bytes);
    EXPECT_EQ(bytes.find("TOPSECRET"), bytes.npos) << item.dump(1);
    EXPECT_EQ(item.dump().find("TOPSECRET"), std::string::npos) << item.dump(1);
  }
}

}  // namespace
}  // namespace sluice::replay
