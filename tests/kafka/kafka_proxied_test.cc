// Answers of the broker that get lost or lie, by a proxy in front of it.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "tests/kafka/kafka_cluster.h"
#include "tests/kafka/kafka_proxy.h"

namespace sluice::testing {
namespace {

class KafkaProxied : public ::testing::Test {
 protected:
  KafkaProxied() {
    // As scripts/kafka.sh left it.
    std::ifstream file(KafkaBroker::File("proxied"));
    uint16_t broker = 0;
    file >> port_ >> broker;
    CHECK(broker != 0);
    proxy_ = std::make_unique<KafkaProxy>(port_, broker);
  }
  std::string Address() const { return fmt::format("127.0.0.1:{}", port_); }

  uint16_t port_ = 0;
  std::unique_ptr<KafkaProxy> proxy_;
};

// Whether it was done is for the next term to read. Of those whose answer is lost it was, of those
// that did not reach the broker it was not; the node cannot tell one from the other.
TEST_F(KafkaProxied, AfterACommitWhoseAnswerIsLostTheNextTermGoesOn) {
  constexpr uint32_t kPartitions = 2;
  KafkaCluster cluster(2, kPartitions, 3);
  cluster.ConnectBy({"--kafka", Address()});
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  cluster.AwaitTermsAbove(kPartitions);  // the second has its partition
  cluster.Load(0);
  cluster.Load(1);
  for (const Spoil spoil : {Spoil::kAnswer, Spoil::kRequest}) {
    cluster.AwaitAnswers(50 + cluster.Pick(50));
    const uint64_t terms = cluster.Terms();
    // The client asks again before the node gives the commit up: those are lost, too.
    proxy_->Order(kEndTxnRequest, spoil, KafkaProxy::kUntilStopped);
    cluster.AwaitText("/nodes", "committing a transaction");
    proxy_->Stop();
    cluster.AwaitTermsAbove(terms);
    cluster.AwaitAnswers(50);
  }
  cluster.AwaitReadiness(true);
  cluster.StopAndCheck();
}

}  // namespace
}  // namespace sluice::testing
