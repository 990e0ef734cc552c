// What snapshots are taken for: which one can be used, and what comes back from it.
#include <gmock/gmock.h>

#include <fstream>
#include <string>

#include "projections/snapshots/tests/snapshot_fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using testing::NamesOf;
using testing::SnapshotTest;
using testing::TestLog;

TEST_F(SnapshotTest, WhatIsDamagedIsNamed) {
  SendMany(40);
  const std::string changed = Take().name;
  const std::string cut = Take().name;
  const std::string no_manifest = Take().name;
  const std::string edited = Take().name;
  Damage(changed);
  EXPECT_THAT(snapshots_->Verify(changed, nullptr, {}).error().message,
              HasSubstr("its bytes are not those that were written"));
  std::filesystem::remove(snapshots_->PathOf(cut) / "1" / "CURRENT");
  std::filesystem::remove(snapshots_->PathOf(no_manifest) / kManifestFile);
  {
    std::fstream manifest(snapshots_->PathOf(edited) / kManifestFile);
    std::string text(std::istreambuf_iterator<char>(manifest), {});
    text.replace(text.find("\"test\""), 6, "\"tEst\"");
    std::ofstream(snapshots_->PathOf(edited) / kManifestFile) << text;
  }
  const auto entries = snapshots_->List();
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].fault, "");  // of the right size: only reading it tells
  EXPECT_EQ(entries[1].fault, "1/CURRENT is missing");
  EXPECT_EQ(entries[2].fault, "it has no manifest");
  EXPECT_THAT(entries[3].fault, HasSubstr("manifest was changed"));
  EXPECT_THAT(snapshots_->Verify("none", nullptr, {}).error().message,
              HasSubstr("the latest is " + edited));
}

TEST_F(SnapshotTest, OneOfAnotherLogIsNotUsed) {
  SendMany(40);
  const std::string name = Take().name;
  logs_[0] = std::make_unique<TestLog>(LampKinds(), 0);
  logs_[0]->Advance(Duration::Seconds(1));
  for (int i = 0; i < 60; ++i) logs_[0]->Send(Lamp(0), PressLamp{});
  EXPECT_THAT(snapshots_->Verify(name, nullptr, {}).error().message, HasSubstr("of another log"));
  EXPECT_EQ(snapshots_->Before(0, 50), nullptr);
  ASSERT_EQ(notices_.size(), 1u);
  EXPECT_THAT(notices_.front(), HasSubstr("is another record in the log"));
  EXPECT_NE(snapshots_->Before(1, logs_[1]->end()), nullptr);
}

TEST_F(SnapshotTest, AStoreThatIsLostBeginsWithTheLatestThatCanBeUsed) {
  SendMany(50);
  Take();
  SendMany(50);
  const SnapshotManifest second = Take();
  SendMany(50);
  const std::string damaged = Take().name;
  Damage(damaged);
  SendMany(20);
  snapshots_.reset();
  for (uint32_t partition : {0u, 1u}) {
    stores_[partition].reset();
    std::filesystem::remove_all(Path("partition-" + std::to_string(partition)));
    stores_[partition] = OpenPartition(partition);
  }
  snapshots_ = Reopened();
  EXPECT_EQ(snapshots_->Seed(0), second.name);
  EXPECT_EQ(stores_[0]->NextSequence(), second.partitions[0].next);
  EXPECT_EQ(snapshots_->Seed(1), damaged);  // of this partition nothing is
  for (uint32_t partition : {0u, 1u}) {
    const auto recovered = Recover(*stores_[partition], {.read = logs_[partition]->Reader(),
                                                         .end_sequence = logs_[partition]->end()});
    ASSERT_TRUE(recovered) << recovered.error().message;
    EXPECT_FALSE(recovered->rebuilt);
    EXPECT_LT(recovered->replayed, logs_[partition]->end());
    stores_[partition].reset();
    EXPECT_EQ(testing::Rows(Path("partition-" + std::to_string(partition))),
              RowsUpTo(*logs_[partition], partition, logs_[partition]->end()));
  }
}

TEST_F(SnapshotTest, RestoringTakesTheStoresBackAndTheLogBringsThemOn) {
  SendMany(60);
  const SnapshotManifest taken = Take();
  SendMany(60);
  const auto restored = snapshots_->Restore(taken.name);
  ASSERT_TRUE(restored) << restored.error().message;
  for (uint32_t partition : {0u, 1u}) {
    EXPECT_EQ(stores_[partition]->NextSequence(), taken.partitions[partition].next);
    const auto recovered = Recover(*stores_[partition], {.read = logs_[partition]->Reader(),
                                                         .end_sequence = logs_[partition]->end()});
    ASSERT_TRUE(recovered) << recovered.error().message;
    EXPECT_FALSE(recovered->rebuilt);
  }
  // What was restored is a copy: the snapshot is as it was.
  EXPECT_TRUE(snapshots_->Verify(taken.name, nullptr, {}));
  Damage(taken.name);
  EXPECT_FALSE(snapshots_->Restore(taken.name));
  EXPECT_EQ(stores_[0]->NextSequence(), logs_[0]->end());
}

TEST_F(SnapshotTest, ACopyIsWholeOrNotThere) {
  SendMany(40);
  const SnapshotManifest taken = Take();
  const auto copied = CopySnapshot(snapshots_->PathOf(taken.name), Path("elsewhere"));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(NamesOf(ListSnapshots(Path("elsewhere"))), std::vector{taken.name});
  EXPECT_TRUE(CheckFiles(Path("elsewhere") + "/" + taken.name, *copied));
  EXPECT_FALSE(CopySnapshot(snapshots_->PathOf(taken.name), Path("elsewhere")));
  Damage(taken.name);
  EXPECT_FALSE(CopySnapshot(snapshots_->PathOf(taken.name), Path("third")));
  EXPECT_TRUE(ListSnapshots(Path("third")).empty());
}

}  // namespace
}  // namespace sluice
