// Three brokers, replicas on two of them at least: one may die.
#include <gtest/gtest.h>

#include <iostream>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "tests/kafka/kafka_cluster.h"

namespace sluice::testing {
namespace {

const auto* const kBrokers [[maybe_unused]] =
    ::testing::AddGlobalTestEnvironment(new KafkaBroker(3));

TEST(KafkaBrokers, OneOfThreeKilledLosesNothing) {
  KafkaCluster cluster(2, 4, 3, /*replication=*/3);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  cluster.Load(0);
  cluster.Load(1);
  for (const int broker : {1, 2, 3}) {
    cluster.AwaitAnswers(150);
    KafkaBroker::Script("kill " + std::to_string(broker));
    cluster.AwaitAnswers(150);
    KafkaBroker::Script("restart " + std::to_string(broker));
  }
  cluster.AwaitReadiness(true);
  cluster.AwaitAnswers(150);
  cluster.StopAndCheck();
  // A leader that dies at the wrong moment takes the nodes' producers of commands with it; that
  // nobody hears of it is checked above.
  for (size_t i = 0; i < cluster.size(); ++i) {
    const std::string said = cluster.node(i).Errors();
    size_t died = 0;
    for (size_t at = 0; (at = said.find("kafka: FATAL", at)) != std::string::npos; ++at) ++died;
    std::cout << "node " << i << ": " << died << " producers died" << std::endl;
  }
}

}  // namespace
}  // namespace sluice::testing
