// Faults of the way between nodes, users and the broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "engine/journal/kafka/rdkafka_adapter.h"
#include "engine/journal/kafka/tests/kafka_broker.h"
#include "service/client/http_client.h"
#include "tests/kafka/kafka_cluster.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const auto* const kBroker [[maybe_unused]] =
    ::testing::AddGlobalTestEnvironment(new KafkaBroker(1, "--secure --proxied"));

std::string Apply(const std::string& name, const std::string& id) {
  return fmt::format(R"({{"id":"{}","entity":"network/default/{}","command":"Apply",)"
                     R"("payload":{{"spec":{{"ipam":{{"mode":"Auto"}}}}}}}})",
                     id, name);
}

// The broker is stopped in the middle of everything, past the time a commit may take; when it goes
// on it does what it had been asked for: nodes had given that up. (Whether a commit was under way
// is chance; KafkaProxied makes sure of one.)
TEST(KafkaFaults, ABrokerThatStoodStillIsWaitedFor) {
  KafkaCluster cluster(2, 2, 3);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  cluster.Load(0);
  cluster.Load(1);
  for (int round = 0; round < 3 && !::testing::Test::HasFailure(); ++round) {
    cluster.AwaitAnswers(1 + cluster.Pick(100));
    KafkaBroker::Script("pause 1");
    cluster.AwaitReadiness(false);
    KafkaBroker::Script("resume 1");
    cluster.AwaitReadiness(true);
    cluster.AwaitAnswers(100);
  }
  cluster.StopAndCheck();
}

TEST(KafkaFaults, ABrokerThatIsAwayForAMinuteIsWaitedFor) {
  KafkaCluster cluster(2, 2, 3);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  cluster.Load(0);
  cluster.Load(1);
  cluster.AwaitAnswers(100);
  KafkaBroker::Script("kill 1");
  cluster.AwaitReadiness(false);
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, std::chrono::minutes(1));
  // Who is told to end does not wait for brokers.
  EXPECT_EQ(cluster.node(1).Stop(), 0) << cluster.node(1).Errors();
  KafkaBroker::Script("restart 1");
  ASSERT_NO_FATAL_FAILURE(cluster.Start(1));
  cluster.Load(1);
  cluster.AwaitReadiness(true);
  cluster.AwaitAnswers(200);
  cluster.StopAndCheck();
}

// Producers that send again what they think is lost, in any order, to partitions by whim; a node
// dies meanwhile.
TEST(KafkaFaults, CommandsSentTwiceOutOfOrderAndAstrayAreDecidedOnce) {
  constexpr size_t kCommands = 200;
  constexpr size_t kPartitions = 3;
  KafkaCluster cluster(2, kPartitions, 0);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  std::vector<size_t> sends;
  for (size_t i = 0; i < kCommands; ++i) {
    for (size_t times = 1 + cluster.Pick(3); times > 0; --times) sends.push_back(i);
  }
  for (size_t i = sends.size(); i > 1; --i) std::swap(sends[i - 1], sends[cluster.Pick(i)]);
  // Two producers, so that the broker's order is neither's.
  std::vector<std::unique_ptr<kafka::Producer>> producers;
  for (int i = 0; i < 2; ++i) {
    producers.push_back(*kafka::Producer::Make({{"bootstrap.servers", KafkaBroker::Bootstrap()}}));
  }
  const std::string topic = cluster.cluster() + ".commands";
  for (size_t i = 0; i < sends.size(); ++i) {
    if (i == sends.size() / 2) cluster.node(0).Kill();
    // Several commands of one entity, each under an id of its own.
    const std::string name = fmt::format("net-{}", sends[i] % 40);
    ASSERT_TRUE(producers[cluster.Pick(2)]->Produce(
        topic, static_cast<uint32_t>(cluster.Pick(kPartitions)), "network/default/" + name,
        Apply(name, fmt::format("c-{}", sends[i])), {{"content-type", "application/json"}}, 0,
        Duration::Seconds(10)));
    if (i % 50 != 0) continue;
    ASSERT_TRUE(producers[0]->Flush(Duration::Seconds(10)));
  }
  for (const auto& producer : producers) ASSERT_TRUE(producer->Flush(Duration::Seconds(30)));
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  cluster.StopAndCheck();

  std::vector<std::string> faults;
  const FoldedLog log = FoldLog(cluster.data(1), &faults);
  EXPECT_THAT(faults, ::testing::IsEmpty());
  for (size_t i = 0; i < kCommands; ++i) {
    const auto found = log.commands.find(fmt::format("c-{}", i));
    ASSERT_NE(found, log.commands.end()) << "c-" << i << " has no decision";
    size_t accepted = 0;
    size_t answered = 0;
    for (const LoggedDecision& decision : found->second) {
      accepted += decision.verdict == Verdict::kAccepted ? 1 : 0;
      answered += decision.verdict != Verdict::kForwarded ? 1 : 0;
    }
    EXPECT_EQ(accepted, 1u) << "c-" << i;
    EXPECT_EQ(answered, static_cast<size_t>(std::count(sends.begin(), sends.end(), i)))
        << "c-" << i;
  }
}

// `sluice send --kafka` with no node asked, and a node that keeps nothing it does not own.
TEST(KafkaFaults, ANodeThatKeepsNothingSendsReadersToOneThatDoes) {
  KafkaCluster cluster(2, 4, 0);
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  cluster.SetMore({"--warm", "0"});
  ASSERT_NO_FATAL_FAILURE(cluster.Start(1));
  // Both own something, and the second says that it keeps no more.
  cluster.AwaitText("/nodes", R"("state":"Cold")");
  cluster.AwaitText("/nodes", R"("waiting":0)");
  for (size_t i = 0; i < 8; ++i) {
    const std::string name = fmt::format("net-{}", i);
    const Finished sent = RunSluiceBinary({"send", "--kafka", KafkaBroker::Bootstrap(), "--cluster",
                                           cluster.cluster(), "--wait", Apply(name, name)});
    ASSERT_EQ(sent.exit_code, 0) << sent.err;
    const json result = json::parse(sent.out, nullptr, false);
    EXPECT_TRUE(result.value("accepted", false)) << sent.out;
    // Any node takes any command; a repeated one is answered with the first's decision.
    HttpClient client(cluster.node(1).url());
    const auto again =
        client.Call({.method = "POST", .target = "/commands", .body = Apply(name, name)});
    ASSERT_TRUE(again);
    const json repeated = json::parse(again->body, nullptr, false);
    EXPECT_EQ(repeated.value("position", "-"), result.value("position", "")) << again->body;
    const auto read =
        client.Call({.target = fmt::format("/apis/sluice.dev/v1/namespaces/default/networks/{}"
                                           "?resourceVersion={}",
                                           name, result.value("position", ""))});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->status, 200) << read->body;
  }
  HttpClient client(cluster.node(1).url());
  const auto list = client.Call({.target = "/apis/sluice.dev/v1/namespaces/default/networks"});
  ASSERT_TRUE(list);
  EXPECT_EQ(json::parse(list->body, nullptr, false).at("items").size(), 8u);
  const Finished rejected = RunSluiceBinary(
      {"send", "--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster.cluster(), "--wait",
       R"({"entity":"network/default/net-0","command":"NoSuch","payload":{}})"});
  EXPECT_EQ(rejected.exit_code, 1) << rejected.out << rejected.err;
  // The only one that had all is gone: a reader is told so, until its partitions are taken over.
  EXPECT_EQ(cluster.node(0).Stop(), 0);
  cluster.AwaitText("/readyz", "every partition decides");
}

}  // namespace
}  // namespace sluice::testing
