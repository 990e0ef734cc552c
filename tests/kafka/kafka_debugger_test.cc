// The debugger on Kafka: every verb on a running node, on its data directory without the brokers
// (what it had read), on an exported file, and on a node that has read the topic anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const auto* const kBroker [[maybe_unused]] = ::testing::AddGlobalTestEnvironment(new KafkaBroker());

using Words = std::vector<std::string>;

// Reads that must come out alike wherever the log is read: as of one point, for timers go on.
std::map<std::string, Words> Reads(const std::string& at) {
  return {
      {"history", {"history", "network/shop", "--until", at}},
      {"rejections", {"history", "network/default", "--verdict", "Rejected", "--until", at}},
      {"last", {"history", "network/shop", "--last", "2", "--until", at}},
      {"replay", {"replay", "network/shop", "--to", at, "--until", "status.phase == 'Pending'"}},
      {"bisect",
       {"replay", "network/default", "--to", at, "--bisect", "--until",
        "metadata.generation >= 1"}},
      {"why", {"why", "network/shop", "--condition", "IPAMAllocated", "--at", at}},
      {"why an id", {"why", "first"}},
  };
}

class KafkaDebugger : public ::testing::Test {
 protected:
  std::unique_ptr<NodeProcess> Start(const std::string& name) {
    auto node = std::make_unique<NodeProcess>(
        directory_ / name, 0,
        Words{"--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster_, "--name", name,
              "--partitions", "2", "--kafka-property", "session.timeout.ms=2000"});
    EXPECT_TRUE(node->WaitReady()) << node->Errors();
    return node;
  }

  static Finished Ask(const Words& where, Words words, int exit_code = 0) {
    words.insert(words.begin(), where.begin(), where.end());
    const Finished finished = RunSluiceBinary(words);
    EXPECT_EQ(finished.exit_code, exit_code)
        << ::testing::PrintToString(words) << finished.err << finished.out;
    return finished;
  }

  static json Parsed(const Words& where, Words words, int exit_code = 0) {
    words.insert(words.end(), {"-o", "json"});
    json parsed = json::parse(Ask(where, words, exit_code).out, nullptr, false);
    EXPECT_TRUE(parsed.is_object()) << ::testing::PrintToString(words);
    return parsed;
  }

  static std::map<std::string, json> Answers(const Words& where, const std::string& at) {
    std::map<std::string, json> answers;
    for (const auto& [name, words] : Reads(at)) {
      answers[name] = Parsed(where, words);
      answers[name].erase("folded");  // What it took: a file has no waypoints to begin at.
    }
    return answers;
  }

  // A pool with room for one network, a second one that finds none, one that is refused.
  void MakeHistory(const Words& where) {
    const auto send = [&](const std::string& id, const std::string& entity, json spec) {
      json command{{"id", id}, {"entity", entity}, {"command", "Apply"}};
      command["payload"]["spec"] = std::move(spec);
      if (id == "late") command["expectedVersion"] = 99;
      Ask(where, {"send", command.dump()}, id == "late" ? 1 : 0);
    };
    const json network{{"ipam", {{"mode", "Auto"}}}, {"ipFamilies", {"IPv4"}}, {"mtu", 1460}};
    send("pool", "clusterconfig/sluice-system/cluster", {{"localIpv4Pools", {"127.96.0.0/16"}}});
    send("first", "network/default/default", network);
    AwaitText(where, {"get", "network", "default", "-o", "json"}, "\"Allocated\"");
    send("dry", "network/default/shop", network);
    AwaitText(where, {"get", "network", "shop", "-o", "json"}, "AddressPoolExhausted");
    send("late", "network/default/default", network);
  }

  // Follow-ups are decided a moment later.
  static void AwaitText(const Words& where, Words words, const std::string& text) {
    words.insert(words.begin(), where.begin(), where.end());
    Finished last;
    for (int i = 0; i < 600; ++i) {
      last = RunSluiceBinary(words);
      if (last.out.find(text) != std::string::npos) return;
    }
    FAIL() << text << " is not in " << last.out << last.err;
  }

  const TempDir directory_{"kafka-debugger"};
  const std::string cluster_ = KafkaBroker::FreshCluster();
};

TEST_F(KafkaDebugger, AnswersAlikeOnANodeAndOnWhatItHasRead) {
  const Words offline = {"--data", directory_ / "a"};
  std::map<std::string, json> on_node;
  const std::string exported = directory_ / "log.sluice";
  std::string at;
  std::string before_shop;
  {
    const auto node = Start("a");
    const Words where = {"--server", node->url()};
    ASSERT_NO_FATAL_FAILURE(MakeHistory(where));
    at = Parsed(where, {"get", "network"})["metadata"].value("resourceVersion", "");
    on_node = Answers(where, at);

    // One cause, over entities, back to the command from outside.
    const json& chain = on_node["why"]["chain"];
    ASSERT_TRUE(chain.is_array()) << on_node["why"];
    EXPECT_EQ(chain.back().value("cause", ""), "outside");
    EXPECT_EQ(chain.back().value("id", ""), "dry");
    EXPECT_GE(on_node["history"]["items"].size(), 2u);
    EXPECT_EQ(on_node["rejections"]["items"].size(), 1u);

    // As it was before the second network: not there, and the first one is.
    before_shop = on_node["history"]["items"][0].value("position", "");
    const std::string first =
        Parsed(where, {"history", "network/default"})["items"][0].value("position", "");
    EXPECT_THAT(Ask(where, {"get", "network", "--at", first}).out, Not(HasSubstr("shop")));
    EXPECT_EQ(Parsed(where, {"get", "network", "shop", "--at", before_shop})["metadata"].value(
                  "name", ""),
              "shop");
    EXPECT_THAT(Ask(where, {"diff", "network/shop", "--from", before_shop}).out,
                HasSubstr("AddressPoolExhausted"));
    // A refusal says what made it so.
    const std::string refused = on_node["rejections"]["items"][0].value("position", "");
    EXPECT_THAT(Ask(where, {"why", refused}).out, HasSubstr("last changed by"));

    EXPECT_TRUE(Parsed(where, {"verify"}).value("ok", false));
    EXPECT_TRUE(Parsed(where, {"replay", "--what-if"}).value("ok", false));
    Ask(where, {"export", "-f", exported, "-o", "binary"});
    // A fork becomes a data directory of its own.
    const json fork = Parsed(where, {"replay", "--fork", directory_ / "fork", "--drop", "first"});
    EXPECT_FALSE(fork.value("identical", true));
    const json nothing = Parsed(where, {"replay", "--fork", directory_ / "same"});
    EXPECT_TRUE(nothing.value("identical", false)) << nothing;
    ASSERT_EQ(node->Stop(), 0);
  }
  EXPECT_EQ(Answers(offline, at), on_node);
  const json verified = Parsed(offline, {"verify"});
  EXPECT_TRUE(verified.value("ok", false)) << verified;
  EXPECT_TRUE(Parsed(offline, {"replay", "--what-if"}).value("ok", false));
  EXPECT_THAT(Ask(offline, {"diff", "network/shop", "--from", before_shop}).out,
              HasSubstr("AddressPoolExhausted"));
  Ask(offline, {"export", "-f", exported + ".offline", "-o", "binary"});
  // Commands are for a node: the archive is a copy.
  const Finished sent =
      Ask(offline, {"send", R"({"entity":"network/default/x","command":"Apply"})"}, 2);
  EXPECT_THAT(sent.err, HasSubstr("no node runs on it"));

  EXPECT_EQ(Answers({"--data", exported}, at), on_node);
  EXPECT_EQ(Answers({"--data", exported + ".offline"}, at), on_node);
  EXPECT_TRUE(Parsed({"--data", exported}, {"verify"}).value("ok", false));
  // Without the first network there is room for the second.
  EXPECT_THAT(Ask({"--data", directory_ / "fork"}, {"get", "network", "shop", "-o", "json"}).out,
              HasSubstr("\"Allocated\""));

  // Another node, which reads the topic from its beginning.
  const auto other = Start("b");
  EXPECT_EQ(Answers({"--server", other->url()}, at), on_node);
  EXPECT_TRUE(Parsed({"--server", other->url()}, {"verify"}).value("ok", false));
  EXPECT_EQ(other->Stop(), 0);
}

}  // namespace
}  // namespace sluice::testing
