// `sluice snapshot`, and backups that hold one.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/tests/offline_fixture.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Snapshot : public Offline {
 protected:
  void SendNetworks(Node& node, int from, int to) {
    for (int i = from; i < to; ++i) {
      Send(node,
           fmt::format(R"({{"entity":"network/default/net-{}","command":"Apply","payload":{{}}}})",
                       i));
    }
  }
  json Json(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-o", "json"});
    const Ran ran = Run(arguments);
    EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
    return json::parse(ran.out, nullptr, false);
  }
  static std::filesystem::path FirstTable(const std::filesystem::path& under) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(under)) {
      if (entry.path().extension() == ".sst") return entry.path();
    }
    ADD_FAILURE() << "no table under " << under;
    return {};
  }
};

TEST_F(Snapshot, IsTakenListedVerifiedPrunedAndRestored) {
  {
    const auto node = Start();
    SendNetworks(*node, 0, 5);
    ASSERT_TRUE(node->snapshots().Take());
    SendNetworks(*node, 5, 8);
    // What runs is not taken back.
    const auto refused = node->RestoreSnapshot(node->snapshots().List().front().name);
    EXPECT_THAT(refused.error().message, HasSubstr("stop it"));
  }
  const std::string everything = Run({"get", "network", "-o", "json"}).out;
  const json taken = Json({"snapshot", "list"})["items"][0];
  const std::string first = taken["name"];
  const std::string at = taken["coverage"];
  const json second = Json({"snapshot", "take"});
  EXPECT_NE(at, second["coverage"]);
  EXPECT_EQ(second["partitions"].size(), 2u);
  EXPECT_THAT(Run({"snapshot", "list"}).out, HasSubstr("whole"));
  EXPECT_EQ(Run({"snapshot", "verify"}).exit, Exit::kDone);
  EXPECT_EQ(Run({"verify", "--snapshot", "none"}).exit, Exit::kRejected);
  const Ran since = Run({"verify", "--snapshot", first});
  EXPECT_EQ(since.exit, Exit::kDone) << since.err << since.out;
  EXPECT_THAT(since.out, HasSubstr("the snapshot vouches for"));
  // A list of the past is the same from a snapshot and from the log.
  const json then = Json({"get", "network", "--at", at});
  EXPECT_EQ(then["items"].size(), 5u);
  const Ran restored = Run({"snapshot", "restore", first});
  EXPECT_EQ(restored.exit, Exit::kDone) << restored.err;
  EXPECT_EQ(Run({"get", "network", "-o", "json"}).out, everything);
  EXPECT_EQ(Run({"verify"}).exit, Exit::kDone);
  const json pruned = Json({"snapshot", "prune", "--keep", "1"});
  EXPECT_EQ(pruned["removed"], json::array({first}));
  EXPECT_EQ(Json({"get", "network", "--at", at}), then);
  EXPECT_EQ(Run({"snapshot", "prune"}).exit, Exit::kBadInput);
  EXPECT_EQ(Run({"snapshot", "verify", "../journal"}).exit, Exit::kRejected);
}

TEST_F(Snapshot, OneThatWasChangedIsSaidToBe) {
  {
    const auto node = Start();
    SendNetworks(*node, 0, 5);
    ASSERT_TRUE(node->snapshots().Take());
  }
  const auto table = FirstTable(directory_ + "/snapshots");
  std::filesystem::resize_file(table, std::filesystem::file_size(table) - 1);
  EXPECT_THAT(Run({"snapshot", "list"}).out, HasSubstr("bytes instead of"));
  const Ran verified = Run({"snapshot", "verify"});
  EXPECT_EQ(verified.exit, Exit::kRejected);
  EXPECT_THAT(verified.out, HasSubstr("bytes instead of"));
  EXPECT_NE(Run({"snapshot", "restore"}).exit, Exit::kDone);
}

TEST_F(Snapshot, ABackupBringsALostDirectoryBackWithoutFoldingAllOfIt) {
  const std::string backups = directory_ + "-backups";
  std::filesystem::remove_all(backups);
  {
    const auto node = Start();
    SendNetworks(*node, 0, 10);
  }
  const Ran backed_up = Run({"backup", backups});
  ASSERT_EQ(backed_up.exit, Exit::kDone) << backed_up.err;
  EXPECT_THAT(backed_up.out, HasSubstr("projections as of v"));
  // The list's own position counts those records, too.
  const json before = Json({"get", "network"})["items"];
  std::filesystem::remove_all(directory_);
  const Ran restored = RunAlone({"restore", backups, "--data", directory_});
  ASSERT_EQ(restored.exit, Exit::kDone) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("projections begin with those of v"));
  {
    const auto node = Open();
    EXPECT_EQ(notices_.size(), 2u);
    EXPECT_THAT(notices_.front(), HasSubstr("begin with snapshot"));
    for (uint32_t partition : {0u, 1u}) {
      // Nothing is left to fold but the record that closes a partition of an imported log.
      EXPECT_EQ(node->stores()[partition]->NextSequence() + 1,
                *node->journal().EndSequence(partition));
    }
    ASSERT_TRUE(node->RecoverOnly());
  }
  EXPECT_EQ(Json({"get", "network"})["items"], before);
  EXPECT_EQ(Run({"verify"}).exit, Exit::kDone);

  // A snapshot that was damaged costs time, and nothing else.
  for (const auto& entry : std::filesystem::directory_iterator(backups)) {
    if (entry.is_directory()) std::filesystem::remove(FirstTable(entry.path()));
  }
  std::filesystem::remove_all(directory_);
  const Ran without = RunAlone({"restore", backups, "--data", directory_});
  EXPECT_EQ(without.exit, Exit::kDone);
  EXPECT_THAT(without.err, HasSubstr("derived from the log"));
  EXPECT_EQ(Json({"get", "network"})["items"], before);
  std::filesystem::remove_all(backups);
}

}  // namespace
}  // namespace sluice::cli
