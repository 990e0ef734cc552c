// Histories recorded by earlier builds: this build folds them to the same hashes and decides every
// command in them as it was decided (README.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "machines/common/kind.h"
#include "replay/import.h"
#include "replay/memory_archive.h"
#include "replay/verify.h"
#include "source_directory.h"

namespace sluice::replay {
namespace {

using Path = std::filesystem::path;

std::vector<Path> In(const std::string& folder) {
  std::vector<Path> found;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_SOURCE_DIR + folder)) {
    if (entry.path().extension() == ".sluice") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<Path> Decided() { return In("/tests/history"); }
std::vector<Path> Folded() { return In("/tests/history/folded"); }

std::string NameOf(const ::testing::TestParamInfo<Path>& test) {
  std::string name = test.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

class History : public ::testing::TestWithParam<Path> {
 protected:
  void SetUp() override {
    std::ifstream in(GetParam(), std::ios::binary);
    auto reader = ExportReader::Open(in);
    ASSERT_TRUE(reader) << reader.error().message;
    build_ = reader->header().build;
    auto archive = LoadExport(*reader, BuiltinKinds(), false, [](const Error&) {});
    ASSERT_TRUE(archive) << archive.error().message;
    archive_ = *std::move(archive);
  }
  void ExpectFolds() {
    VerifyOptions options;
    options.build = "this";
    const auto verified = Verify(*archive_, options);
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_FALSE(verified->first) << "written by " << build_
                                  << ", and this build folds it otherwise at "
                                  << FormatPosition(verified->first->position.partition,
                                                    verified->first->position.sequence)
                                  << ": " << verified->first->message;
  }

  std::string build_;
  std::unique_ptr<MemoryArchive> archive_;
};

using FoldedHistory = History;

INSTANTIATE_TEST_SUITE_P(Recorded, History, ::testing::ValuesIn(Decided()), &NameOf);
INSTANTIATE_TEST_SUITE_P(Recorded, FoldedHistory, ::testing::ValuesIn(Folded()), &NameOf);

TEST_P(FoldedHistory, IsFoldedAsItWas) { ExpectFolds(); }

TEST_P(History, IsDecidedAsItWas) {
  ASSERT_NO_FATAL_FAILURE(ExpectFolds());
  VerifyOptions options;
  options.build = "this";
  options.what_if = true;
  const auto verified = Verify(*archive_, options);
  ASSERT_TRUE(verified) << verified.error().message;
  for (const WhatIfGroup& group : verified->what_if) {
    ADD_FAILURE() << group.count << " x " << group.kind << " " << group.command << ": "
                  << group.difference << ", first at "
                  << FormatPosition(group.example.partition, group.example.sequence)
                  << "; if that is meant, tests/history/README.md says what to do";
  }
  EXPECT_GT(verified->redecided(), 100u);
}

TEST(Histories, AreThere) {
  EXPECT_FALSE(Decided().empty());
  EXPECT_FALSE(Folded().empty());
}

}  // namespace
}  // namespace sluice::replay
