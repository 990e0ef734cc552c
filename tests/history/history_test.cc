// Histories recorded by earlier builds: this build folds them to the same hashes and decides every
// command in them as it was decided (README.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "machines/common/kind.h"
#include "replay/import.h"
#include "replay/verify.h"
#include "source_directory.h"

namespace sluice::replay {
namespace {

std::vector<std::filesystem::path> Histories() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry :
       std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/tests/history")) {
    if (entry.path().extension() == ".sluice") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class History : public ::testing::TestWithParam<std::filesystem::path> {};

INSTANTIATE_TEST_SUITE_P(Recorded, History, ::testing::ValuesIn(Histories()), [](const auto& test) {
  std::string name = test.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
});

TEST_P(History, IsDecidedAsItWas) {
  std::ifstream in(GetParam(), std::ios::binary);
  auto reader = ExportReader::Open(in);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto archive = LoadExport(*reader, BuiltinKinds(), false, [](const Error&) {});
  ASSERT_TRUE(archive) << archive.error().message;
  VerifyOptions options;
  options.build = "this";
  auto verified = Verify(**archive, options);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_FALSE(verified->first) << "written by " << reader->header().build
                                << ", and this build folds it otherwise at "
                                << FormatPosition(verified->first->position.partition,
                                                  verified->first->position.sequence)
                                << ": " << verified->first->message;
  options.what_if = true;
  verified = Verify(**archive, options);
  ASSERT_TRUE(verified) << verified.error().message;
  for (const WhatIfGroup& group : verified->what_if) {
    ADD_FAILURE() << group.count << " x " << group.kind << " " << group.command << ": "
                  << group.difference << ", first at "
                  << FormatPosition(group.example.partition, group.example.sequence)
                  << "; if that is meant, tests/history/README.md says what to do";
  }
  EXPECT_GT(verified->redecided(), 100u);
}

TEST(Histories, AreThere) { EXPECT_FALSE(Histories().empty()); }

}  // namespace
}  // namespace sluice::replay
