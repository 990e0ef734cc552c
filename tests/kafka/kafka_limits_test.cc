// What is too large for the brokers, or too much: it is refused, said and waited out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "tests/e2e/exit_codes.h"
#include "tests/kafka/commands.h"
#include "tests/kafka/kafka_cluster.h"

namespace sluice::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void SetMaxMessageBytes(const std::string& topic, size_t bytes) {
  KafkaBroker::Script(
      fmt::format("configs --alter --entity-type topics --entity-name {} "
                  "--add-config max.message.bytes={}",
                  topic, bytes));
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

}  // namespace
}  // namespace sluice::testing
