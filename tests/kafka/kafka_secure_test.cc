// Brokers that want to know who one is, and topics that are taken away: what heals by itself is
// said and waited for, what does not ends the process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "engine/journal/kafka/rdkafka_adapter.h"
#include "engine/journal/kafka/tests/kafka_broker.h"
#include "service/client/http_client.h"
#include "tests/e2e/exit_codes.h"
#include "tests/kafka/commands.h"
#include "tests/kafka/kafka_cluster.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// As scripts/kafka.sh has it.
constexpr const char* kPassword = "loopback-secret";

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Get(const NodeProcess& node, const std::string& target) {
  HttpClient client(node.url());
  const auto answer = client.Call({.target = target});
  return answer ? answer->body : answer.error().message;
}

void ExpectDecides(const NodeProcess& node, const std::string& name) {
  const json result = SendCommand(node, ApplyNetwork(name));
  EXPECT_TRUE(IsAccepted(result)) << result;
}

// Whatever the user `sluice` needs of a cluster's resources.
void Permit(const std::string& verb, const std::string& cluster) {
  KafkaBroker::Script(fmt::format("{} topic,group,transactional-id {} All", verb, cluster));
}

TEST(KafkaSecure, PasswordsAreTakenFromTheFileAndNeverShown) {
  KafkaCluster cluster(1, 2, 0);
  Permit("allow", cluster.cluster());
  cluster.ConnectBy({"--config", KafkaBroker::File("sasl.yaml")});
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  ExpectDecides(cluster.node(0), "one");

  // What is refused may be allowed again: the node says what it misses, waits and goes on.
  struct Forbidden {
    std::string type;
    std::string missing;
  };
  const Forbidden all[] = {
      {"topic", fmt::format(" on topic {}.commands", cluster.cluster())},
      {"group", fmt::format("Read on group {}.owners", cluster.cluster())},
      {"transactional-id", fmt::format("Write on transactional id {}-", cluster.cluster())}};
  for (size_t i = 0; i < std::size(all); ++i) {
    SCOPED_TRACE(all[i].type);
    const std::string resource = fmt::format("{} {} All", all[i].type, cluster.cluster());
    KafkaBroker::Script("forbid " + resource);
    // Taken, and not decided before it may be: asked for without waiting for that.
    for (int entity = 0; entity < 4; ++entity) {
      PostCommand(cluster.node(0), ApplyNetwork(fmt::format("held-{}-{}", i, entity)),
                  "?timeoutSeconds=0");
    }
    cluster.AwaitText("/readyz", "allow ");
    cluster.AwaitText("/readyz", all[i].missing);
    cluster.AwaitReadiness(false);
    KafkaBroker::Script("allow " + resource);
    cluster.AwaitReadiness(true);
    for (int entity = 0; entity < 4; ++entity) {
      ExpectDecides(cluster.node(0), fmt::format("held-{}-{}", i, entity));
    }
  }
  for (const char* target : {"/readyz", "/nodes", "/metrics"}) {
    EXPECT_THAT(Get(cluster.node(0), target), Not(HasSubstr(kPassword))) << target;
  }
  EXPECT_THAT(cluster.node(0).Errors(), Not(HasSubstr(kPassword)));
  cluster.StopAndCheck();

  // A right that is missing at the start, and a wrong password, are said at once.
  KafkaBroker::Script(fmt::format("forbid topic {} All", cluster.cluster()));
  const Finished forbidden =
      RunSluiceBinary({"up", "--config", KafkaBroker::File("sasl.yaml"), "--cluster",
                       cluster.cluster(), "--data", cluster.data(0), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(forbidden.exit_code, kUnavailable) << forbidden.err;
  EXPECT_THAT(forbidden.err,
              HasSubstr(fmt::format("allow Describe on topic {}.commands", cluster.cluster())));
  TempDir directory("kafka-secure");
  std::string yaml = Read(KafkaBroker::File("sasl.yaml"));
  yaml.replace(yaml.find(kPassword), std::string(kPassword).size(), "not-the-password");
  std::ofstream(directory / "wrong.yaml") << yaml;
  const Finished refused =
      RunSluiceBinary({"up", "--config", directory / "wrong.yaml", "--cluster", cluster.cluster(),
                       "--data", directory / "data", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit_code, kUnavailable) << refused.err;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("the brokers refuse this client"),
                                 Not(HasSubstr("not-the-password")), HasSubstr("chmod 600")));
}

// What a file for `sluice up --config` says of the client, as the client has it.
kafka::Config ClientConfig(const std::string& path) {
  kafka::Config config{{"bootstrap.servers", ""}};
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    std::string value;
    if (!(words >> name >> value)) continue;
    name.pop_back();  // the colon
    config[name == "brokers" ? "bootstrap.servers" : name] = value;
  }
  return config;
}

// The client keeps what it was told of a topic, for minutes, and refuses records by it.
TEST(KafkaSecure, AProducerThatWasRefusedATopicIsAllowedItAgain) {
  KafkaCluster cluster(1, 1, 0);
  Permit("allow", cluster.cluster());
  cluster.ConnectBy({"--config", KafkaBroker::File("sasl.yaml")});
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  cluster.StopAndCheck();
  const std::string topic = cluster.cluster() + ".dead-letters";
  constexpr Duration kPatience = Duration::Seconds(10);
  const kafka::Config config = ClientConfig(KafkaBroker::File("sasl.yaml"));
  const auto other = kafka::Admin::Make(config);
  ASSERT_TRUE(other) << other.error().message;
  const auto made = kafka::Producer::Make(config);
  ASSERT_TRUE(made) << made.error().message;
  kafka::Producer& producer = **made;
  const auto produce = [&] { return producer.Produce(topic, 0, "", "", {}, 0, kPatience); };
  ASSERT_TRUE(producer.Warm({topic}, kPatience));
  EXPECT_TRUE(produce());
  EXPECT_TRUE(producer.Flush(kPatience));
  // Nothing is sent while it is refused, or something is.
  for (const bool told : {false, true}) {
    SCOPED_TRACE(told);
    Permit("forbid", cluster.cluster());
    while (producer.Warm({topic}, kPatience)) std::this_thread::yield();
    EXPECT_EQ(producer.Fault(), "");
    if (told) {
      const auto refused = produce();
      ASSERT_FALSE(refused);
      EXPECT_THAT(refused.error().message,
                  HasSubstr(fmt::format("allow Write on topic {} with kafka-acls", topic)));
      EXPECT_EQ(producer.Fault(), refused.error().message);
    }
    Permit("allow", cluster.cluster());
    while (!(*other)->PartitionCounts({topic})) std::this_thread::yield();
    while (!producer.Fault().empty()) std::this_thread::yield();
    const auto taken = produce();
    EXPECT_TRUE(taken) << taken.error().message;
    EXPECT_TRUE(producer.Flush(kPatience));
  }
}

TEST(KafkaSecure, TlsWorksAndACertificateOfSomebodyElseIsRefused) {
  KafkaCluster cluster(1, 1, 0);
  cluster.ConnectBy({"--config", KafkaBroker::File("ssl.yaml")});
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  ExpectDecides(cluster.node(0), "one");
  cluster.StopAndCheck();
  TempDir directory("kafka-secure");
  std::string yaml = Read(KafkaBroker::File("ssl.yaml"));
  const size_t at = yaml.find("    ssl.ca.location");
  yaml.erase(at);
  std::ofstream(directory / "wrong.yaml") << yaml;
  const Finished refused =
      RunSluiceBinary({"up", "--config", directory / "wrong.yaml", "--cluster", cluster.cluster(),
                       "--data", directory / "data", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit_code, kUnavailable) << refused.err;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("the brokers refuse this client"), HasSubstr("SSL")));
}

TEST(KafkaSecure, ADeletedTopicEndsTheProcess) {
  KafkaCluster cluster(1, 2, 2);
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  cluster.Load(0);
  cluster.AwaitAnswers(50);
  KafkaBroker::Script("topics --delete --topic " + cluster.cluster() + ".internal");
  cluster.AwaitText("/readyz", "is not there");
  EXPECT_EQ(cluster.node(0).Wait(), kUnavailable);
  EXPECT_THAT(cluster.node(0).Errors(), AllOf(HasSubstr("was deleted"), HasSubstr("--cluster")));
}

TEST(KafkaSecure, TopicsMadeAnewAreNotTakenForTheOldOnes) {
  KafkaCluster cluster(2, 2, 2);
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  cluster.Load(0);
  cluster.AwaitAnswers(50);
  cluster.StopLoad();
  KafkaBroker::Script("topics --delete --topic '" + cluster.cluster() + "\\..*'");
  // Another node makes them anew, with another epoch.
  ASSERT_NO_FATAL_FAILURE(cluster.Start(1));
  EXPECT_EQ(cluster.node(0).Wait(), kUnavailable);
  EXPECT_THAT(cluster.node(0).Errors(),
              ::testing::AnyOf(HasSubstr("made anew"), HasSubstr("was deleted")));
}

TEST(KafkaSecure, MorePartitionsEndTheProcessAndAreRefusedAtTheStart) {
  KafkaCluster cluster(1, 2, 0);
  ASSERT_NO_FATAL_FAILURE(cluster.Start(0));
  KafkaBroker::Script("topics --alter --partitions 3 --topic " + cluster.cluster() + ".commands");
  EXPECT_EQ(cluster.node(0).Wait(), kUnavailable);
  EXPECT_THAT(cluster.node(0).Errors(), HasSubstr("has 3 partitions now, 2 when"));
  const Finished again =
      RunSluiceBinary({"up", "--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster.cluster(),
                       "--data", cluster.data(0), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(again.exit_code, kUnavailable) << again.err;
  EXPECT_THAT(again.err, HasSubstr("all four must have the same number"));
}

}  // namespace
}  // namespace sluice::testing
