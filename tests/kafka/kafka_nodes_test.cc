// Several nodes on one log: partitions are shared out, any node answers, and any may die.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "service/client/http_client.h"
#include "tests/kafka/kafka_cluster.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const auto* const kBroker [[maybe_unused]] = ::testing::AddGlobalTestEnvironment(new KafkaBroker);

std::string NetworkCommand(const std::string& name, const std::string& id) {
  return fmt::format(R"({{"id":"{}","entity":"network/default/{}","command":"Apply",)"
                     R"("payload":{{"spec":{{"ipam":{{"mode":"Auto"}}}}}}}})",
                     id, name);
}

json Send(const NodeProcess& node, const std::string& command) {
  HttpClient client(node.url());
  const auto answer = client.Call({.method = "POST", .target = "/commands", .body = command});
  if (!answer) return {{"failed", answer.error().message}};
  return json::parse(answer->body, nullptr, false);
}

TEST(KafkaNodes, AnyNodeTakesAnyCommandAndAnswersAnyQuery) {
  // More nodes than partitions: one of them owns nothing.
  KafkaCluster cluster(3, 2, 0);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  for (size_t i = 0; i < 12; ++i) {
    const std::string name = fmt::format("net-{}", i);
    const json sent = Send(cluster.node(i % 3), NetworkCommand(name, name));
    ASSERT_TRUE(sent.value("accepted", false)) << sent;
    // A read that asks for the position it was told waits for it, on a node that did not decide.
    for (size_t reader = 0; reader < 3; ++reader) {
      HttpClient client(cluster.node(reader).url());
      const auto read =
          client.Call({.target = fmt::format("/apis/sluice.dev/v1/namespaces/default/networks/{}"
                                             "?resourceVersion={}",
                                             name, sent.at("position").get<std::string>())});
      ASSERT_TRUE(read);
      EXPECT_EQ(read->status, 200) << read->body;
    }
    // Sent again through another node it is the same decision.
    const json again = Send(cluster.node((i + 1) % 3), NetworkCommand(name, name));
    EXPECT_TRUE(again.value("duplicate", false)) << again;
    EXPECT_EQ(again.value("position", ""), sent.value("position", "-"));
  }
  cluster.StopAndCheck();
}

TEST(KafkaNodes, PartitionsMoveToANodeThatJoinsAndAwayFromOneThatLeaves) {
  KafkaCluster cluster(2, 4, 4);
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  cluster.Load(0);
  cluster.AwaitAnswers(200);
  ASSERT_NO_FATAL_FAILURE(cluster.Start(1));
  cluster.Load(1);
  cluster.AwaitAnswers(400);
  EXPECT_EQ(cluster.node(0).Stop(), 0) << cluster.node(0).Errors();
  cluster.AwaitAnswers(200);
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  cluster.Load(0);
  cluster.AwaitAnswers(200);
  cluster.StopAndCheck();
}

TEST(KafkaNodes, ANodeKilledInMidBatchLosesAndDoublesNothing) {
  constexpr int kRounds = 30;
  KafkaCluster cluster(2, 4, 3);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  cluster.Load(0);
  cluster.Load(1);
  for (int round = 0; round < kRounds && !::testing::Test::HasFailure(); ++round) {
    const size_t victim = cluster.Pick(2);
    cluster.AwaitAnswers(1 + cluster.Pick(300));
    cluster.node(victim).Kill();
    // In some rounds the other one takes over, in the others it finds it back at once.
    if (round % 4 == 3) cluster.AwaitAnswers(100);
    ASSERT_NO_FATAL_FAILURE(cluster.Start(victim)) << "round " << round;
    cluster.Load(victim);
  }
  std::cout << kRounds << " rounds, " << cluster.answered() << " commands answered" << std::endl;
  cluster.StopAndCheck();
}

TEST(KafkaNodes, AZombieIsFencedAndComesBackAsAFollower) {
  KafkaCluster cluster(2, 4, 3);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  cluster.Load(0);
  cluster.Load(1);
  for (int round = 0; round < 3 && !::testing::Test::HasFailure(); ++round) {
    cluster.AwaitAnswers(100);
    cluster.node(0).Signal(SIGSTOP);
    // Past its session and its transactions: the other one decides for all.
    cluster.AwaitAnswers(300);
    cluster.node(0).Signal(SIGCONT);
    cluster.AwaitAnswers(300);
  }
  cluster.StopAndCheck();
}

// More nodes than partitions: some own nothing, and every coming and going moves what the others
// own.
TEST(KafkaNodes, NodesThatComeAndGoUnderLoadLoseNothing) {
  constexpr int kRounds = 8;
  KafkaCluster cluster(4, 3, 2);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  for (size_t i = 0; i < cluster.size(); ++i) cluster.Load(i);
  for (int round = 0; round < kRounds && !::testing::Test::HasFailure(); ++round) {
    cluster.AwaitAnswers(1 + cluster.Pick(100));
    const size_t one = cluster.Pick(4);
    // Two at once in some rounds.
    std::vector<size_t> leaving = {one};
    if (round % 2 == 1) leaving.push_back((one + 1) % 4);
    for (const size_t node : leaving) cluster.node(node).Signal(SIGTERM);
    for (const size_t node : leaving) {
      EXPECT_EQ(cluster.node(node).Wait(), 0) << cluster.node(node).Errors();
    }
    for (const size_t node : leaving) {
      ASSERT_NO_FATAL_FAILURE(cluster.Start(node));
      cluster.Load(node);
    }
  }
  cluster.StopAndCheck();
}

TEST(KafkaNodes, ABrokerThatIsAwayIsSaidAndComesBack) {
  KafkaCluster cluster(2, 2, 3);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  cluster.Load(0);
  cluster.Load(1);
  cluster.AwaitAnswers(200);
  KafkaBroker::Script("kill 1");
  cluster.AwaitReadiness(false);
  KafkaBroker::Script("restart 1");
  cluster.AwaitReadiness(true);
  cluster.AwaitAnswers(200);
  cluster.StopAndCheck();
}

TEST(KafkaNodes, AWipedNodeReadsTheTopicsAgain) {
  KafkaCluster cluster(2, 2, 3);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  cluster.Load(0);
  cluster.Load(1);
  cluster.AwaitAnswers(500);
  cluster.node(1).Kill();
  std::filesystem::remove_all(cluster.data(1));
  ASSERT_NO_FATAL_FAILURE(cluster.Start(1));
  cluster.Load(1);
  cluster.AwaitAnswers(300);
  cluster.StopAndCheck();
}

}  // namespace
}  // namespace sluice::testing
