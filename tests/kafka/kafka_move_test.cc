// Moving in and out: an embedded log becomes a cluster's and comes back, bit for bit, and the
// system goes on deciding at each place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <thread>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "service/client/http_client.h"
#include "tests/crash/load.h"
#include "tests/kafka/commands.h"
#include "tests/kafka/exported_log.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const auto* const kBroker [[maybe_unused]] = ::testing::AddGlobalTestEnvironment(new KafkaBroker);

constexpr uint32_t kPartitions = 4;

void AwaitNetwork(const NodeProcess& node, const std::string& name) {
  HttpClient client(node.url());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < deadline) {
    const auto read =
        client.Call({.target = "/apis/sluice.dev/v1/namespaces/default/networks/" + name});
    if (read && read->ok()) return;
  }
  ADD_FAILURE() << name << " is not decided";
}

// Users and a provider load the node until so many commands are answered.
void LoadNode(const NodeProcess& node, std::vector<std::unique_ptr<LoadUser>>& users,
              size_t commands) {
  std::stop_source stop;
  std::atomic<size_t> answered = 0;
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < users.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto count = [&](size_t more) {
        if (answered += more; answered >= commands) stop.request_stop();
      };
      if (i == 0) return users[i]->Provide(node.url(), stop.get_token(), count);
      users[i]->Run(node.url(), stop.get_token(), count);
    });
  }
}

// Users' answers and the projections against what the log of the stopped node folds to.
void CheckNode(NodeProcess& node, const std::string& data,
               const std::vector<std::unique_ptr<LoadUser>>& users) {
  EXPECT_EQ(node.Stop(), 0) << node.Errors();
  std::vector<std::string> faults;
  const FoldedLog log = FoldLog(data, &faults);
  CompareProjections(data, log, /*caught_up=*/true, &faults);
  for (const auto& user : users) CheckAnswers(user->commands(), log, &faults);
  EXPECT_THAT(faults, IsEmpty());
}

TEST(KafkaMove, AnEmbeddedLogGoesToKafkaAndBackAndGoesOnDeciding) {
  const TempDir directory("move");
  const std::string cluster = KafkaBroker::FreshCluster();
  std::vector<std::unique_ptr<LoadUser>> users;
  for (uint64_t i = 0; i < 3; ++i) {
    users.push_back(std::make_unique<LoadUser>(i + 1, fmt::format("u{}", i)));
  }

  // On one machine, until it is killed in the middle of its work.
  {
    NodeProcess node(directory / "first", 0, {"--partitions", std::to_string(kPartitions)});
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    // What waits longer than two seconds is stuck: timers that are armed here come due there.
    const json settings = SendCommand(node, R"({"entity":"clusterconfig/sluice-system/cluster",)"
                                            R"("command":"Apply","payload":{"spec":{)"
                                            R"("stuckDeadlines":{"default":"2s"}}}})");
    ASSERT_TRUE(settings.value("accepted", false)) << settings;
    LoadNode(node, users, 1500);
    node.Kill();
  }
  const std::string first = directory / "first.sluice";
  const Finished exported =
      RunSluiceBinary({"--data", directory / "first", "export", "-f", first, "-o", "binary"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  const Exported was = ReadExport(first);

  const Finished imported =
      RunSluiceBinary({"import", first, "--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  std::cout << imported.out;
  const Finished again =
      RunSluiceBinary({"import", first, "--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("has a log already"));

  const std::string second = directory / "second.sluice";
  Exported on_kafka;
  {
    NodeProcess node(directory / "kafka", 0,
                     {"--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster});
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    LoadNode(node, users, 1000);
    on_kafka = ExportDecided(node, second);
    ExpectMoved(was, on_kafka);
    const Finished verified = RunSluiceBinary({"--server", node.url(), "verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    CheckNode(node, directory / "kafka", users);
  }

  // And back onto one machine.
  const Finished back = RunSluiceBinary({"import", second, "--data", directory / "back"});
  ASSERT_EQ(back.exit_code, 0) << back.err;
  {
    NodeProcess node(directory / "back");
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    LoadNode(node, users, 1000);
    const Exported home = ExportDecided(node, directory / "third.sluice");
    ExpectMoved(on_kafka, home);
    EXPECT_GE(TimersDecidedSinceMoving(on_kafka) + TimersDecidedSinceMoving(home), 1u);
    const Finished verified = RunSluiceBinary({"--server", node.url(), "verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    CheckNode(node, directory / "back", users);
  }
}

TEST(KafkaMove, WhatIsUndecidedInTheCutIsDecidedOnceOnKafka) {
  const TempDir directory("cut");
  const std::string cluster = KafkaBroker::FreshCluster();
  std::vector<std::unique_ptr<LoadUser>> users;
  users.push_back(std::make_unique<LoadUser>(7, "p"));
  users.push_back(std::make_unique<LoadUser>(8, "u"));
  {
    NodeProcess node(directory / "first", 0, {"--partitions", std::to_string(kPartitions)});
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    LoadNode(node, users, 800);
    EXPECT_EQ(node.Stop(), 0);
  }
  const std::string file = directory / "cut.sluice";
  const Exported was = ExportUndecided(directory / "first", file);
  const size_t undecided = Undecided(was);
  ASSERT_GE(undecided, 1u);
  const Finished imported =
      RunSluiceBinary({"import", file, "--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr(fmt::format("{} follow-ups were not decided", undecided)));
  NodeProcess node(directory / "kafka", 0,
                   {"--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster});
  ASSERT_TRUE(node.WaitReady()) << node.Errors();
  ExpectMoved(was, ExportDecided(node, directory / "moved.sluice"));
  CheckNode(node, directory / "kafka", {});
}

// Out of a cluster whose nodes are stopped: what nodes had sent is part of the log and comes along,
// what users have put on the topic since is not and stays, for the cluster's own nodes.
TEST(KafkaMove, WhatIsUndecidedOnKafkaIsDecidedOnceWhereverTheLogGoes) {
  constexpr size_t kLate = 5;
  const TempDir directory("out");
  const std::vector<std::string> on = {"--kafka", KafkaBroker::Bootstrap(), "--cluster",
                                       KafkaBroker::FreshCluster()};
  std::vector<std::unique_ptr<LoadUser>> users;
  users.push_back(std::make_unique<LoadUser>(17, "p"));
  users.push_back(std::make_unique<LoadUser>(18, "u"));
  {
    NodeProcess node(directory / "kafka", 0, on);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    LoadNode(node, users, 600);
    EXPECT_EQ(node.Stop(), 0) << node.Errors();
  }
  for (size_t i = 0; i < kLate; ++i) {
    std::vector<std::string> send = {"send"};
    send.insert(send.end(), on.begin(), on.end());
    send.push_back(fmt::format(R"({{"id":"late-{0}","entity":"network/default/late-{0}",)"
                               R"("command":"Apply","payload":{{"spec":{{"ipam":)"
                               R"({{"mode":"Auto"}}}}}}}})",
                               i));
    const Finished sent = RunSluiceBinary(send);
    ASSERT_EQ(sent.exit_code, 0) << sent.err;
  }
  const std::string file = directory / "cut.sluice";
  const Exported was = ExportUndecided(directory / "kafka", file);
  const size_t undecided = Undecided(was);
  ASSERT_GE(undecided, 1u);

  struct Place {
    std::string data;
    std::vector<std::string> import;
    std::vector<std::string> up;
  };
  const std::vector<std::string> elsewhere = {"--kafka", KafkaBroker::Bootstrap(), "--cluster",
                                              KafkaBroker::FreshCluster()};
  for (const Place& place : {Place{directory / "embedded", {"--data", directory / "embedded"}, {}},
                             Place{directory / "elsewhere", elsewhere, elsewhere}}) {
    SCOPED_TRACE(place.data);
    std::vector<std::string> import = {"import", file};
    import.insert(import.end(), place.import.begin(), place.import.end());
    const Finished imported = RunSluiceBinary(import);
    ASSERT_EQ(imported.exit_code, 0) << imported.err;
    EXPECT_THAT(imported.out, HasSubstr(fmt::format("{} follow-ups were not decided", undecided)));
    NodeProcess node(place.data, 0, place.up);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    ExpectMoved(was, ExportDecided(node, directory / "moved.sluice"));
    CheckNode(node, place.data, {});
    std::vector<std::string> faults;
    const FoldedLog log = FoldLog(place.data, &faults);
    for (size_t i = 0; i < kLate; ++i) {
      EXPECT_FALSE(log.commands.contains(fmt::format("late-{}", i))) << i;
    }
  }

  NodeProcess node(directory / "kafka", 0, on);
  ASSERT_TRUE(node.WaitReady()) << node.Errors();
  for (size_t i = 0; i < kLate; ++i) AwaitNetwork(node, fmt::format("late-{}", i));
  CheckNode(node, directory / "kafka", users);
  std::vector<std::string> faults;
  const FoldedLog log = FoldLog(directory / "kafka", &faults);
  for (size_t i = 0; i < kLate; ++i) {
    const auto late = log.commands.find(fmt::format("late-{}", i));
    ASSERT_NE(late, log.commands.end()) << i;
    ASSERT_EQ(late->second.size(), 1u) << i;
    EXPECT_EQ(late->second[0].verdict, Verdict::kAccepted);
  }
}

}  // namespace
}  // namespace sluice::testing
