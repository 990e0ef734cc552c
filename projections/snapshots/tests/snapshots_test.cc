#include "projections/snapshots/snapshots.h"

#include <gmock/gmock.h>

#include <latch>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "projections/snapshots/schedule.h"
#include "projections/snapshots/tests/snapshot_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::NamesOf;
using testing::SnapshotTest;
using testing::TestLog;

// The rows that are not the same in both, a line each.
std::string Differences(const std::map<std::string, std::string>& one,
                        const std::map<std::string, std::string>& other) {
  std::string lines;
  const auto value = [](const std::map<std::string, std::string>& rows, const std::string& key) {
    const auto at = rows.find(key);
    return at == rows.end() ? "none" : "'" + at->second + "'";
  };
  std::set<std::string> keys;
  for (const auto& [key, row] : one) keys.insert(key);
  for (const auto& [key, row] : other) keys.insert(key);
  for (const std::string& key : keys) {
    if (value(one, key) == value(other, key)) continue;
    lines += key + ": " + value(one, key) + ", " + value(other, key) + "\n";
  }
  return lines;
}

TEST_F(SnapshotTest, SaysWhatIsInItAndIsReadBack) {
  SendMany(80);
  const SnapshotManifest taken = Take();
  EXPECT_EQ(taken.coverage(), (Coverage{logs_[0]->end(), logs_[1]->end()}));
  EXPECT_EQ(taken.partitions[1].chain, logs_[1]->state().chain);
  SendMany(40);
  const auto verified = snapshots_->Verify(taken.name, nullptr, {});
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->manifest, taken);
  for (uint32_t partition : {0u, 1u}) {
    EXPECT_EQ(RowsOf(taken, partition),
              RowsUpTo(*logs_[partition], partition, taken.partitions[partition].next));
  }
}

TEST_F(SnapshotTest, TwiceTheSameIsTwo) {
  SendMany(10);
  const std::string first = Take().name;
  const std::string second = Take().name;
  EXPECT_THAT(NamesOf(snapshots_->List()), ElementsAre(first, second));
  EXPECT_TRUE(snapshots_->Verify(second, nullptr, {}));
}

// Families are flushed one file each, and batches come meanwhile: whatever position a snapshot
// says, all of its rows are of that one.
TEST_F(SnapshotTest, EveryFamilyIsOfThePositionItSaysWhileDecisionsAreApplied) {
  std::vector<std::pair<uint32_t, AppliedBatch>> batches;
  for (uint64_t step = 0; step < 1500; ++step) {
    const std::string lamp = Lamp(static_cast<int>(step * 7 % kLamps));
    TestLog& log = *logs_[PartitionOf(lamp)];
    if (step % 5 == 0) {
      log.Send(lamp, LampApply{.spec = {.color = step % 2 == 0 ? "red" : "blue", .room = "hall"},
                               .labels = {{"step", std::to_string(step)}}});
    } else {
      log.Send(lamp, PressLamp{}, "press-" + std::to_string(step));
    }
    batches.emplace_back(PartitionOf(lamp), log.TakeBatch());
  }
  std::vector<SnapshotManifest> taken;
  std::atomic<bool> applied = false;
  // One is taken with half of them applied, however the threads are scheduled; the rest meanwhile.
  std::latch halfway(1);
  std::latch one_taken(1);
  std::jthread apply([&] {
    for (size_t i = 0; i < batches.size(); ++i) {
      if (i == batches.size() / 2) {
        halfway.count_down();
        one_taken.wait();
      }
      EXPECT_TRUE(stores_[batches[i].first]->Apply(batches[i].second));
    }
    applied = true;
  });
  halfway.wait();
  taken.push_back(Take());
  one_taken.count_down();
  while (!applied) taken.push_back(Take());
  apply.join();
  size_t between = 0;
  for (size_t i = 0; i < taken.size(); i += std::max<size_t>(1, taken.size() / 8)) {
    for (uint32_t partition : {0u, 1u}) {
      const uint64_t next = taken[i].partitions[partition].next;
      between += next > 0 && next < logs_[partition]->end() ? 1 : 0;
      EXPECT_EQ(
          Differences(RowsOf(taken[i], partition), RowsUpTo(*logs_[partition], partition, next)),
          "")
          << taken[i].name << " " << partition << ":" << next;
    }
  }
  EXPECT_GT(between, 0u) << "none was taken meanwhile";
}

struct KilledThere {};

// Stops at the `n`-th step as a kill would: nothing is cleaned up, nothing else is written.
BeforeStep KillAt(size_t n, size_t* steps) {
  return [n, steps](const std::string&) -> Result<void> {
    if ((*steps)++ == n) throw KilledThere();
    return {};
  };
}

TEST_F(SnapshotTest, AKillAtAnyStepOfTakingLeavesNoneOrAWholeOne) {
  SendMany(30);
  const std::string first = Take().name;
  bool finished = false;
  size_t kills = 0;
  for (size_t n = 0; !finished; ++n) {
    SendMany(3);
    size_t steps = 0;
    before_step_ = KillAt(n, &steps);
    const size_t before = snapshots_->List().size();
    try {
      finished = snapshots_->Take().has_value();
    } catch (const KilledThere&) {
      ++kills;
    }
    before_step_ = nullptr;
    snapshots_ = Reopened();
    const auto entries = snapshots_->List();
    EXPECT_GE(entries.size(), before);
    EXPECT_LE(entries.size(), before + 1);
    for (const SnapshotEntry& entry : entries) {
      const auto verified = snapshots_->Verify(entry.name, nullptr, {});
      EXPECT_TRUE(verified) << n << ": " << verified.error().message;
    }
    // Nothing else is left lying about.
    size_t there = 0;
    for (const auto& entry : std::filesystem::directory_iterator(SnapshotsPath())) {
      there += entry.is_directory() ? 1 : 0;
    }
    EXPECT_EQ(there, entries.size()) << n;
  }
  EXPECT_EQ(kills, 11u);  // a beginning, three per partition, four until it has its name
  EXPECT_EQ(snapshots_->List().front().name, first);
}

TEST_F(SnapshotTest, AKillAtAnyStepOfPruningLeavesWholeOnesAndTheNewest) {
  bool finished = false;
  size_t kills = 0;
  for (size_t n = 0; !finished; ++n) {
    while (snapshots_->List().size() < 3) {
      SendMany(3);
      Take();
    }
    const std::string newest = snapshots_->List().back().name;
    size_t steps = 0;
    before_step_ = KillAt(n, &steps);
    try {
      finished = snapshots_->Prune(1).has_value();
    } catch (const KilledThere&) {
      ++kills;
    }
    before_step_ = nullptr;
    snapshots_ = Reopened();
    const auto entries = snapshots_->List();
    ASSERT_FALSE(entries.empty());
    EXPECT_EQ(entries.back().name, newest);
    for (const SnapshotEntry& entry : entries) {
      EXPECT_TRUE(snapshots_->Verify(entry.name, nullptr, {})) << n;
    }
  }
  EXPECT_EQ(kills, 12u);  // of two: a name lost, three things in it, itself
  EXPECT_EQ(snapshots_->List().size(), 1u);
}

TEST_F(SnapshotTest, AStepThatFailsLeavesNothingBehind) {
  SendMany(30);
  bool finished = false;
  for (size_t n = 0; !finished; ++n) {
    size_t steps = 0;
    before_step_ = [&](const std::string& step) -> Result<void> {
      if (steps++ == n && step != "named") return Err(ErrorCode::kIo, "no space at {}", step);
      return {};
    };
    const auto taken = snapshots_->Take();
    finished = taken.has_value() && steps < n;
    if (!taken) {
      EXPECT_THAT(taken.error().message, HasSubstr("no space"));
      EXPECT_TRUE(!std::filesystem::exists(SnapshotsPath()) ||
                  NamesOf(snapshots_->List()).size() ==
                      static_cast<size_t>(
                          std::distance(std::filesystem::directory_iterator(SnapshotsPath()),
                                        std::filesystem::directory_iterator())));
    }
  }
}

TEST_F(SnapshotTest, PruningKeepsTheNewestThatVerifiesWhateverItsAge) {
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) {
    SendMany(20);
    names.push_back(Take().name);
  }
  Damage(names[2]);
  Damage(names[3]);
  auto removed = snapshots_->Prune(1);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_THAT(*removed, ElementsAre(names[0]));
  EXPECT_THAT(NamesOf(snapshots_->List()), ElementsAre(names[1], names[2], names[3]));
  Damage(names[1]);
  EXPECT_TRUE(snapshots_->Prune(1)->empty());
  EXPECT_EQ(snapshots_->List().size(), 3u);
}

TEST(SnapshotManifest, NamesOrderAsTimesDo) {
  std::string before;
  for (const int64_t us : {0, 1, 10, 100'000, 100'001, 999'999, 1'000'000, 1'010'000}) {
    const std::string name = NameOfTime(Time{1'790'000'000'000'000 + us});
    EXPECT_LT(before, name);
    before = name;
  }
  EXPECT_EQ(before, "2026-09-21T14-13-21.010000Z");
}

TEST(SnapshotSchedule, OneIsDueAfterDecisionsOrTimeIfAnythingWasDecided) {
  const SnapshotPolicy both{.every_decisions = 100, .interval = Duration::Seconds(60), .keep = 2};
  const Time at{1'000'000'000};
  const auto due = [&](Coverage applied, Duration later) {
    return IsSnapshotDue(both, {10, 20}, at, applied, at + later);
  };
  EXPECT_FALSE(due({50, 70}, Duration::Seconds(1)));
  EXPECT_TRUE(due({60, 70}, Duration::Seconds(1)));
  EXPECT_TRUE(due({11, 20}, Duration::Seconds(60)));
  EXPECT_FALSE(due({10, 20}, Duration::Seconds(600)));
  // A log in the place of a longer one.
  EXPECT_FALSE(due({0, 0}, Duration::Seconds(600)));
  EXPECT_TRUE(IsSnapshotDue(both, {}, at, {100, 0}, at));
  EXPECT_FALSE(IsSnapshotDue({}, {}, at, {100, 0}, at + Duration::Seconds(600)));
}

}  // namespace
}  // namespace sluice
