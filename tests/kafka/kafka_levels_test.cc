// A cluster that an older build made: what this build's nodes write stays what that build's know,
// until the level is raised (docs/runbook.md, "Settings").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/journal/kafka/tests/kafka_broker.h"
#include "events/codec.h"
#include "machines/clusterconfig/settings.h"
#include "service/client/http_client.h"
#include "source_directory.h"
#include "tests/kafka/commands.h"
#include "tests/kafka/exported_log.h"
#include "tests/kafka/kafka_cluster.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// Of this many partitions, of level 1.
constexpr const char* kOldLog = SLUICE_SOURCE_DIR "/tests/history/0.1.0-pool-dry.sluice";
constexpr uint32_t kOldPartitions = 2;

json SetLevel(const NodeProcess& node, uint32_t level) {
  return SendCommand(node, fmt::format(R"({{"entity":"clusterconfig/sluice-system/cluster",)"
                                       R"("command":"Apply","payload":{{"spec":{{"level":{}}}}}}})",
                                       level));
}

// Two objects for one pull request, by different nodes: which of them tracks it is asked and
// answered by follow-ups, with events and commands of level 2.
void TrackTwice(KafkaCluster& cluster, int number) {
  for (size_t node = 0; node < cluster.size(); ++node) {
    const json result = SendCommand(
        cluster.node(node),
        fmt::format(R"({{"entity":"pullrequest/{}/acme--shop--{}","command":"Apply","payload":)"
                    R"({{"spec":{{"repository":"acme/shop","number":{}}}}}}})",
                    node == 0 ? "default" : "other", number, number));
    EXPECT_TRUE(result.value("accepted", false)) << result;
  }
}

// The highest level of what a log's decisions from `from` on wrote, by partition.
uint32_t HighestLevel(const Exported& log, const std::vector<size_t>& from) {
  uint32_t highest = 0;
  const auto take = [&](const AnyTable& table) {
    if (table.type()) highest = std::max<uint32_t>(highest, table.type()->level);
  };
  for (uint32_t partition = 0; partition < log.records.size(); ++partition) {
    for (size_t at = from[partition]; at < log.records[partition].size(); ++at) {
      const auto record = Unpack<LogRecord>(log.records[partition][at]);
      if (!record || !record->decision) continue;
      for (const Event& event : record->decision->events) take(event.payload);
      for (const FollowUp& sent : record->decision->effects.follow_ups) {
        take(sent.command->payload);
      }
    }
  }
  return highest;
}

std::vector<size_t> Ends(const Exported& log) {
  std::vector<size_t> ends;
  for (const auto& records : log.records) ends.push_back(records.size());
  return ends;
}

TEST(KafkaLevels, AnOldClustersLevelHoldsForNewNodesUntilItIsRaised) {
  const TempDir directory("levels");
  KafkaCluster cluster(2, kOldPartitions, 0);
  const Finished imported = RunSluiceBinary(
      {"import", kOldLog, "--kafka", KafkaBroker::Bootstrap(), "--cluster", cluster.cluster()});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  const std::vector<size_t> old = Ends(ReadExport(kOldLog));
  ASSERT_EQ(old.size(), kOldPartitions);
  ASSERT_NO_FATAL_FAILURE(cluster.StartAll());
  cluster.AwaitTermsAbove(0);

  TrackTwice(cluster, 1);
  const Exported before = ExportDecided(cluster.node(0), directory / "before");
  EXPECT_LE(HighestLevel(before, old), 1u);

  const json refused = SetLevel(cluster.node(0), kLevel + 1);
  EXPECT_FALSE(refused.value("accepted", true)) << refused;
  EXPECT_THAT(refused.dump(), HasSubstr(fmt::format("this build writes at most {}", kLevel)));
  const json raised = SetLevel(cluster.node(1), kLevel);
  EXPECT_TRUE(raised.value("accepted", false)) << raised;
  // Every partition has adopted it.
  const Exported adopted = ExportDecided(cluster.node(1), directory / "adopted");
  TrackTwice(cluster, 2);
  const Exported after = ExportDecided(cluster.node(0), directory / "after");
  EXPECT_EQ(HighestLevel(after, Ends(adopted)), kLevel);
  cluster.StopAndCheck();
}

}  // namespace
}  // namespace sluice::testing
