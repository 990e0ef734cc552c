// Reads of the past that begin with a snapshot, against a model and against the log alone.
#include <gmock/gmock.h>

#include <random>

#include "projections/snapshots/tests/snapshot_fixture.h"

namespace sluice {
namespace {

using testing::SnapshotTest;

class SnapshotPastTest : public SnapshotTest {
 protected:
  using Objects = std::map<std::string, std::string>;  // entity -> JSON

  void SendModelled(int count) {
    const auto queries = QueriesFrom(nullptr);
    for (int i = 0; i < count; ++i) {
      SendMany(1);
      for (uint32_t partition : {0u, 1u}) {
        Objects now;
        for (int lamp = 0; lamp < kLamps; ++lamp) {
          if (PartitionOf(Lamp(lamp)) != partition) continue;
          const auto object = queries->Get(*ParseEntityKey(Lamp(lamp)));
          ASSERT_TRUE(object);
          if (*object) now[Lamp(lamp)] = (*object)->json;
        }
        model_[partition].resize(logs_[partition]->end() + 1);
        model_[partition].back() = std::move(now);
      }
    }
  }

  // What there was once so many decisions of each partition were made; nullopt: that was within a
  // step of the model.
  Objects ModelAt(const Coverage& coverage) const {
    Objects all;
    for (uint32_t partition : {0u, 1u}) {
      const auto& now = model_[partition][coverage[partition]];
      all.insert(now.begin(), now.end());
    }
    return all;
  }

  static Objects ListAll(Queries& queries, const Coverage& coverage, size_t limit) {
    Objects all;
    ListRequest request;
    request.kind = &LampKind();
    request.limit = limit;
    request.past = coverage;
    std::string before;
    do {
      const auto page = queries.List(request);
      EXPECT_TRUE(page) << page.error().message;
      if (!page) return all;
      EXPECT_TRUE(limit == 0 || page->items.size() <= limit);
      EXPECT_EQ(page->coverage, coverage);
      for (const ObjectText& item : page->items) {
        EXPECT_LT(before, item.entity);
        before = item.entity;
        all[item.entity] = item.json;
      }
      request.continue_token = page->continue_token;
    } while (!request.continue_token.empty());
    return all;
  }

  std::array<std::vector<Objects>, kPartitions> model_{std::vector<Objects>(1),
                                                       std::vector<Objects>(1)};
};

TEST_F(SnapshotPastTest, AnswersAreTheModelsWithSnapshotsAndWithout) {
  for (int round = 0; round < 6; ++round) {
    SendModelled(50);
    if (round != 2) Take();
  }
  SendModelled(30);
  const auto from_log = QueriesFrom(nullptr);
  const auto from_snapshots = QueriesFrom(snapshots_.get());
  std::mt19937_64 random(11);
  for (int i = 0; i < 60; ++i) {
    Coverage coverage;
    for (uint32_t partition : {0u, 1u}) {
      coverage.push_back(random() % (logs_[partition]->end() + 1));
    }
    const Objects expected = ModelAt(coverage);
    const size_t limit = i % 3 == 0 ? 0 : 1 + random() % 4;
    EXPECT_EQ(ListAll(*from_snapshots, coverage, limit), expected) << FormatCoverage(coverage);
    EXPECT_EQ(ListAll(*from_log, coverage, limit), expected) << FormatCoverage(coverage);
    for (int lamp = 0; lamp < kLamps; ++lamp) {
      const auto key = *ParseEntityKey(Lamp(lamp));
      const auto object = from_snapshots->GetAt(key, coverage);
      ASSERT_TRUE(object) << object.error().message;
      EXPECT_EQ(*object ? (*object)->json : "",
                expected.contains(Lamp(lamp)) ? expected.at(Lamp(lamp)) : "")
          << Lamp(lamp) << " at " << FormatCoverage(coverage);
    }
  }
  EXPECT_TRUE(notices_.empty());
}

TEST_F(SnapshotPastTest, OnlyWhatCameAfterTheSnapshotIsRead) {
  SendModelled(300);
  const SnapshotManifest taken = Take();
  SendModelled(200);
  Coverage coverage = taken.coverage();
  for (uint64_t& next : coverage) next += 2;
  const auto queries = QueriesFrom(snapshots_.get());
  records_read_ = 0;
  EXPECT_EQ(ListAll(*queries, coverage, 0), ModelAt(coverage));
  // Two of each partition, and one of each that says that it is of this log.
  EXPECT_LE(records_read_, 10u);
  records_read_ = 0;
  EXPECT_EQ(ListAll(*QueriesFrom(nullptr), coverage, 0), ModelAt(coverage));
  EXPECT_GT(records_read_, 100u);
}

TEST_F(SnapshotPastTest, OneThatIsPrunedIsReadToTheEnd) {
  SendModelled(200);
  const SnapshotManifest taken = Take();
  const auto store = snapshots_->Before(0, taken.partitions[0].next);
  ASSERT_NE(store, nullptr);
  SendModelled(20);
  Take();
  ASSERT_EQ(snapshots_->Prune(1)->size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(snapshots_->PathOf(taken.name)));
  Objects read;
  for (int lamp = 0; lamp < kLamps; lamp += 2) {
    const auto loaded = store->Load(*ParseEntityKey(Lamp(lamp)));
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->state->Exists(), model_[0][taken.partitions[0].next].contains(Lamp(lamp)));
  }
  EXPECT_EQ(snapshots_->Before(0, taken.partitions[0].next), nullptr);
}

TEST_F(SnapshotPastTest, OneThatIsDamagedIsPassedBy) {
  SendModelled(100);
  const std::string name = Take().name;
  std::filesystem::remove(snapshots_->PathOf(name) / "0" / "CURRENT");
  SendModelled(50);
  const Coverage coverage = {model_[0].size() - 3, model_[1].size() - 3};
  EXPECT_EQ(ListAll(*QueriesFrom(snapshots_.get()), coverage, 0), ModelAt(coverage));
  EXPECT_EQ(notices_.size(), 1u);
}

}  // namespace
}  // namespace sluice
