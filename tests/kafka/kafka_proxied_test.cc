// Answers of the broker that get lost or lie, by a proxy in front of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "tests/kafka/commands.h"
#include "tests/kafka/kafka_cluster.h"
#include "tests/kafka/kafka_proxy.h"

namespace sluice::testing {
namespace {

using nlohmann::json;

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

// The broker has the command, and the client hears that it has not: it sends it again, as a new
// producer, and the topic has it twice. Who sent it hears of one decision, that of the first copy.
TEST_F(KafkaProxied, ACommandThatWasSentTwiceHasOneDecisionForItsSender) {
  KafkaCluster cluster(1, 2, 0);
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  constexpr size_t kCommands = 2;
  std::map<std::string, std::string> positions;  // by id, as they were told
  for (size_t i = 0; i < kCommands; ++i) {
    const std::string id = fmt::format("c-{}", i);
    proxy_->Order(kProduceRequest, Spoil::kProduce);
    const Finished sent = RunSluiceBinary(
        {"send", "--kafka", Address(), "--cluster", cluster.cluster(), "--wait", ApplyNetwork(id)});
    ASSERT_EQ(sent.exit_code, 0) << sent.out << sent.err;
    ASSERT_TRUE(proxy_->AwaitSpoilt());
    ASSERT_EQ(std::count(sent.out.begin(), sent.out.end(), '\n'), 1) << sent.out;
    const json result = json::parse(sent.out, nullptr, false);
    EXPECT_TRUE(IsAccepted(result)) << sent.out;
    EXPECT_TRUE(result.value("duplicate", false)) << sent.out;
    positions[id] = result.value("position", "");
  }
  cluster.StopAndCheck();
  std::vector<std::string> faults;
  const FoldedLog log = FoldLog(cluster.data(0), &faults);
  EXPECT_THAT(faults, ::testing::IsEmpty());
  for (const auto& [id, position] : positions) {
    const auto found = log.commands.find(id);
    ASSERT_NE(found, log.commands.end()) << id;
    ASSERT_EQ(found->second.size(), 2u) << id << " was to be sent twice";
    EXPECT_EQ(found->second[0].verdict, Verdict::kAccepted);
    EXPECT_EQ(found->second[0].position, position);
    EXPECT_EQ(found->second[1].verdict, Verdict::kDuplicate);
  }
}

}  // namespace
}  // namespace sluice::testing
