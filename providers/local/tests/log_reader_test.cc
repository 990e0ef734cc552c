#include "providers/local/log_reader.h"

#include "providers/local/tests/host_fixture.h"

namespace sluice::local {
namespace {

TEST(LogReader, ReadsTheLastLines) {
  TempDir dir;
  const auto home = dir.path() / "local/default/web";
  std::filesystem::create_directories(home);
  std::ofstream(home / "output.log.1") << "1\n2\n3\n";
  std::ofstream(home / "output.log") << "4\n5\n";
  EXPECT_EQ(ReadLog(dir.path(), kWeb).value(), "1\n2\n3\n4\n5\n");
  EXPECT_EQ(ReadLog(dir.path(), kWeb, 0).value(), "");
  EXPECT_EQ(ReadLog(dir.path(), kWeb, 1).value(), "5\n");
  EXPECT_EQ(ReadLog(dir.path(), kWeb, 2).value(), "4\n5\n");
  EXPECT_EQ(ReadLog(dir.path(), kWeb, 3).value(), "3\n4\n5\n");
  EXPECT_EQ(ReadLog(dir.path(), kWeb, 9).value(), "1\n2\n3\n4\n5\n");
  EXPECT_EQ(ReadLog(dir.path(), {"default", "none"}).error().code, ErrorCode::kNotFound);
}

TEST(LogReader, FollowsAcrossARotation) {
  TempDir dir;
  const auto home = dir.path() / "local/default/web";
  std::filesystem::create_directories(home);
  LogReader reader = LogReader::Open(dir.path(), kWeb).value();
  EXPECT_EQ(reader.Read().value(), "");
  std::ofstream(home / "output.log") << "one\n";
  EXPECT_EQ(reader.Read().value(), "one\n");
  std::ofstream(home / "output.log", std::ios::app) << "two\n";
  std::filesystem::rename(home / "output.log", home / "output.log.1");
  std::ofstream(home / "output.log") << "three\n";
  EXPECT_EQ(reader.Read().value(), "two\n");
  EXPECT_EQ(reader.Read().value(), "three\n");
  EXPECT_FALSE(reader.ended());
  std::filesystem::remove_all(home);
  EXPECT_TRUE(reader.ended());
}

TEST(LogReader, AProcessThatWritesMuchKeepsTheLatest) {
  TempDir dir;
  SupervisorOptions options;
  options.log_bytes_max = 20'000;
  TestHost host(dir.path(), options);
  host.Run(ShellSpec(dir, "i=0; while test $i -lt 10000; do echo line $i; i=$((i+1)); done"));
  host.UntilState(ProcessState::kStopped);
  const auto home = dir.path() / "local/default/web";
  EXPECT_LE(std::filesystem::file_size(home / "output.log"), 84'000U);
  EXPECT_LE(std::filesystem::file_size(home / "output.log.1"), 84'000U);
  EXPECT_EQ(ReadLog(dir.path(), kWeb, 1).value(), "line 9999\n");
  host.Clean();
}

}  // namespace
}  // namespace sluice::local
