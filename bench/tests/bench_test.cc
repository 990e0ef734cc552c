#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/groups.h"
#include "bench/report.h"

namespace sluice::bench {
namespace {

BenchOptions Small() {
  BenchOptions options;
  options.time = Duration::Millis(200);
  options.entities = 50;
  options.in_flight = 64;
  options.offered_per_s = 100;
  options.data_dir = ::testing::TempDir();
  return options;
}

TEST(Bench, EveryGroupReportsUnderItsNameInTheDocumentedShape) {
  for (const std::string& group : GroupNames()) {
    // It starts a broker, and its loop is at the mercy of one: scripts/kafka.sh and `sluice bench`.
    if (group == "all" || group == "kafka") continue;
    const auto measured = RunGroups(Small(), group);
    ASSERT_TRUE(measured) << group << ": " << measured.error().message;
    const auto report = nlohmann::json::parse(ReportJson(*measured));
    ASSERT_TRUE(report.is_array());
    ASSERT_FALSE(report.empty()) << group;
    for (const auto& entry : report) {
      EXPECT_EQ(entry.at("name").get<std::string>().find(group + "/"), 0U) << entry;
      for (const char* field :
           {"per_s", "yardstick_per_s", "ratio", "p50_us", "p99_us", "rss_bytes"}) {
        ASSERT_TRUE(entry.contains(field)) << field;
        EXPECT_TRUE(entry[field].is_number() || entry[field].is_null()) << entry;
      }
    }
  }
}

TEST(Bench, UnknownGroupsAreRefusedByName) {
  const auto measured = RunGroups(Small(), "speed");
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().code, ErrorCode::kInvalid);
  EXPECT_NE(measured.error().message.find("speed"), std::string::npos);
}

TEST(Bench, OnlyAPartOfAGroupIsMeasured) {
  BenchOptions options = Small();
  options.only = "verify";
  const auto measured = RunGroups(options, "debugger");
  ASSERT_TRUE(measured) << measured.error().message;
  ASSERT_EQ(measured->size(), 2U);
  EXPECT_EQ(measured->front().name, "debugger/verify");
  options.only = "speed";
  const auto none = RunGroups(options, "debugger");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("reads, verify, snapshots, list"), std::string::npos)
      << none.error().message;
}

TEST(Bench, LeavesNothingBehind) {
  BenchOptions options = Small();
  options.data_dir = ::testing::TempDir() + "/bench-leaves-nothing-" + std::to_string(getpid());
  ASSERT_TRUE(RunGroups(options, "latency"));
  EXPECT_TRUE(std::filesystem::is_empty(options.data_dir));
  std::filesystem::remove(options.data_dir);
}

TEST(Bench, QuantilesAreOfTheSamples) {
  Latencies latencies;
  for (int i = 100; i >= 1; --i) latencies.Add(i);
  EXPECT_EQ(latencies.Quantile(0.5), 50);
  EXPECT_EQ(latencies.Quantile(0.99), 99);
  EXPECT_EQ(latencies.Quantile(1), 100);
  EXPECT_EQ(Latencies().Quantile(0.5), 0);
}

}  // namespace
}  // namespace sluice::bench
