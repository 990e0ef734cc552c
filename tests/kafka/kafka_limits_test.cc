// What is too large for the brokers, or too much: it is refused, said and waited out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "tests/e2e/exit_codes.h"
#include "tests/kafka/commands.h"
#include "tests/kafka/kafka_cluster.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

void SetMaxMessageBytes(const std::string& topic, size_t bytes) {
  KafkaBroker::Script(
      fmt::format("configs --alter --entity-type topics --entity-name {} "
                  "--add-config max.message.bytes={}",
                  topic, bytes));
}

uint64_t ResidentBytes(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtoull(&line[6], nullptr, 10) * 1024;
  }
  ADD_FAILURE() << "no VmRSS of process " << pid;
  return 0;
}

TEST(KafkaLimits, ATopicThatTakesTooLittleIsNamedUntilItTakesMore) {
  KafkaCluster cluster(1, 1, 0);
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  const std::string events = cluster.cluster() + ".events";
  SetMaxMessageBytes(events, 20'000);
  // Too large a decision for it: its term ends, again and again.
  const auto held =
      PostCommand(cluster.node(0), ApplyNetwork("large", 30'000), "?timeoutSeconds=0");
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(held->status, 504) << held->body;
  cluster.AwaitReadiness(false);
  cluster.AwaitText("/readyz", events + " has max.message.bytes=20000");
  cluster.AwaitText("/nodes", "delivering to " + events + ": MSG_SIZE_TOO_LARGE");
  SetMaxMessageBytes(events, 1 << 20);
  cluster.AwaitReadiness(true);
  EXPECT_TRUE(IsAccepted(SendCommand(cluster.node(0), ApplyNetwork("large", 30'000))));

  // A command that its topic does not take: whoever sent it is told, and others go on.
  const std::string commands = cluster.cluster() + ".commands";
  SetMaxMessageBytes(commands, 20'000);
  const auto refused = PostCommand(cluster.node(0), ApplyNetwork("other", 30'000));
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->status, 503);
  EXPECT_THAT(refused->body,
              AllOf(HasSubstr(commands), HasSubstr("raise"), HasSubstr("nothing was recorded")));
  EXPECT_TRUE(IsAccepted(SendCommand(cluster.node(0), ApplyNetwork("small", 10))));
  cluster.AwaitText("/readyz", commands + " has max.message.bytes=20000");
  cluster.StopAndCheck();
  const Finished start =
      RunSluiceBinary({"up", "--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster.cluster(),
                       "--data", cluster.data(0), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(start.exit_code, kUnavailable) << start.err;
  EXPECT_THAT(start.err, AllOf(HasSubstr(commands + " has max.message.bytes=20000"),
                               HasSubstr("raise it with kafka-configs")));
}

// The broker takes nothing; users send on. What does not fit is refused, and nothing is lost of
// what was taken.
TEST(KafkaLimits, AFullQueueRefusesAndGoesOnWhenTheBrokerDoes) {
  constexpr size_t kQueueRecords = 100;
  constexpr size_t kQueueKilobytes = 4096;
  constexpr size_t kCommands = 600;
  constexpr size_t kLargeBytes = 100'000;
  KafkaCluster cluster(1, 2, 0);
  cluster.SetMore(
      {"--kafka-property", fmt::format("queue.buffering.max.messages={}", kQueueRecords),
       "--kafka-property", fmt::format("queue.buffering.max.kbytes={}", kQueueKilobytes)});
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  ASSERT_TRUE(IsAccepted(SendCommand(cluster.node(0), ApplyNetwork("first", 10))));
  KafkaBroker::Script("pause 1");
  // However this ends: the tests behind it use the same broker.
  const std::shared_ptr<void> resumed(nullptr, [](void*) { KafkaBroker::Script("resume 1"); });

  // Small ones, in lines: as many as the queue has room for are kept, the rest is told at once.
  std::string lines;
  for (size_t i = 0; i < kCommands; ++i) lines += ApplyNetwork(fmt::format("s-{}", i), 10) + "\n";
  const auto told = PostCommand(cluster.node(0), lines, "?timeoutSeconds=1");
  ASSERT_TRUE(told) << told.error().message;
  std::map<int, size_t> codes;
  std::istringstream in(told->body);
  for (std::string line; std::getline(in, line);) {
    const json status = json::parse(line, nullptr, false);
    ++codes[status.value("code", 0)];
    EXPECT_EQ(status["details"].value("retryAfterSeconds", 0), 1) << line;
    if (status.value("code", 0) == 503) {
      EXPECT_THAT(line, HasSubstr("full; nothing was recorded"));
    }
  }
  EXPECT_EQ(codes[504], kQueueRecords);
  EXPECT_EQ(codes[503], kCommands - kQueueRecords);

  // A single one, with the header.
  const auto refused = PostCommand(cluster.node(0), ApplyNetwork("refused", 10));
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->status, 503) << refused->body;
  ASSERT_TRUE(refused->headers.contains("retry-after"));
  EXPECT_EQ(refused->headers.at("retry-after"), "1");

  // Large ones, many times over what may be kept. Under a sanitizer so many would take until what
  // is kept is given up, which makes room.
  constexpr size_t kLarge = kIsSanitized ? 20 : kCommands;
  const uint64_t before = ResidentBytes(cluster.node(0).pid());
  for (size_t i = 0; i < kLarge; ++i) {
    const auto large =
        PostCommand(cluster.node(0), ApplyNetwork(fmt::format("l-{}", i), kLargeBytes));
    ASSERT_TRUE(large) << large.error().message;
    ASSERT_EQ(large->status, 503) << large->body;
  }
  const uint64_t after = ResidentBytes(cluster.node(0).pid());
  // A sanitizer keeps what is freed for a while.
  if (!kIsSanitized) {
    EXPECT_LT(after, before + kCommands * kLargeBytes / 2);
  }

  KafkaBroker::Script("resume 1");
  cluster.AwaitReadiness(true);
  // What was kept is decided, once, whether or not it is sent again; what was refused was not.
  for (size_t i = 0; i < kCommands;) {
    std::string few;
    for (const size_t end = i + kQueueRecords / 2; i < end; ++i) {
      few += ApplyNetwork(fmt::format("s-{}", i), 10) + "\n";
    }
    const auto again = PostCommand(cluster.node(0), few);
    ASSERT_TRUE(again) << again.error().message;
    std::istringstream answers(again->body);
    for (std::string line; std::getline(answers, line);) {
      EXPECT_TRUE(IsAccepted(json::parse(line, nullptr, false))) << line;
    }
  }
  cluster.StopAndCheck();
  std::vector<std::string> faults;
  const FoldedLog log = FoldLog(cluster.data(0), &faults);
  EXPECT_THAT(faults, ::testing::IsEmpty());
  EXPECT_FALSE(log.commands.contains("refused"));
  EXPECT_FALSE(log.commands.contains("l-0"));
  size_t duplicates = 0;
  for (size_t i = 0; i < kCommands; ++i) {
    const auto& decided = log.commands.at(fmt::format("s-{}", i));
    EXPECT_EQ(decided.front().verdict, Verdict::kAccepted);
    for (size_t at = 1; at < decided.size(); ++at) {
      EXPECT_EQ(decided[at].verdict, Verdict::kDuplicate);
    }
    duplicates += decided.size() - 1;
  }
  EXPECT_EQ(duplicates, kQueueRecords);
}

}  // namespace
}  // namespace sluice::testing
