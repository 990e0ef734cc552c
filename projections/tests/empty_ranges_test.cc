// Scans of items from which much was erased: right whatever was written between, and as cheap as
// what they visit. What RocksDB walks over is counted.
#include "projections/empty_ranges.h"

#include <rocksdb/perf_context.h>

#include <random>

#include "projections/tests/store_fixture.h"

namespace sluice {
namespace {

using testing::StoreTest;

constexpr CollectionId kQueue = LampMachine::kPresses;

TEST(EmptyRanges, AreJoinedWhereTheyTouch) {
  EmptyRanges ranges;
  ranges.Add("b", "d");
  ranges.Add("f", "h");
  EXPECT_EQ(ranges.size(), 2u);
  EXPECT_EQ(ranges.EndOf("b"), "d");
  EXPECT_EQ(ranges.EndOf("c"), "d");
  EXPECT_FALSE(ranges.EndOf("d").has_value());
  EXPECT_FALSE(ranges.EndOf("a").has_value());
  ranges.Add("d", "f");
  EXPECT_EQ(ranges.size(), 1u);
  EXPECT_EQ(ranges.EndOf("b"), "h");
  ranges.Add("a", "z");
  EXPECT_EQ(ranges.EndOf("y"), "z");
  ranges.Add("c", "c");
  EXPECT_EQ(ranges.size(), 1u);
}

TEST(EmptyRanges, WhatIsWrittenIsInNone) {
  EmptyRanges ranges;
  ranges.Add("b", "f");
  ranges.Forget("d");
  EXPECT_EQ(ranges.EndOf("c"), "d");
  EXPECT_FALSE(ranges.EndOf("d").has_value());
  EXPECT_EQ(ranges.EndOf("e"), "f");
  ranges.Forget("b");
  EXPECT_FALSE(ranges.EndOf("b").has_value());
  EXPECT_EQ(ranges.EndOf("c"), "d");
  ranges.Forget("zz");
}

TEST(EmptyRanges, AreBounded) {
  EmptyRanges ranges;
  for (uint64_t i = 0; i < 3 * EmptyRanges::kRangesMax; ++i) {
    ranges.Add(BigEndianKey(2 * i), BigEndianKey(2 * i + 1));
    EXPECT_LE(ranges.size(), EmptyRanges::kRangesMax);
  }
}

// One lamp whose items are written without decisions.
class ErasedItems : public StoreTest {
 protected:
  ErasedItems() : store_(Open("live")), loaded_(*store_->Load(KeyOrDie(Lamp(1)))) {}

  void Write(const std::map<uint64_t, bool>& there) {
    AppliedBatch batch;
    TouchedEntity& touched = batch.touched[Lamp(1)];
    touched.entity = loaded_;
    for (const auto& [number, puts] : there) {
      auto& change = touched.items[{kQueue, BigEndianKey(number)}];
      if (puts) change = Pack(PressItem{});
    }
    batch.after = store_->applied();
    const auto applied = store_->Apply(batch);
    ASSERT_TRUE(applied) << applied.error().message;
  }
  std::vector<std::string> Scan(uint64_t from, size_t limit) {
    std::vector<std::string> keys;
    loaded_.source->Scan(kQueue, BigEndianKey(from), [&](std::string_view key, std::string_view) {
      keys.emplace_back(key);
      return keys.size() < limit;
    });
    return keys;
  }
  // Rows that one scan walks over without visiting them.
  uint64_t WalkedOver(uint64_t from, size_t limit) {
    const rocksdb::PerfContext& context = *rocksdb::get_perf_context();
    const auto count = [&] {
      return context.internal_delete_skipped_count + context.internal_key_skipped_count;
    };
    const uint64_t before = count();
    Scan(from, limit);
    return count() - before;
  }

  std::unique_ptr<PartitionStore> store_;
  LoadedEntity loaded_;
};

TEST_F(ErasedItems, AQueueCostsTheSameHoweverManyHaveLeftIt) {
  constexpr uint64_t kItems = 2000;
  std::map<uint64_t, bool> all;
  for (uint64_t i = 0; i < kItems; ++i) all[i] = true;
  Write(all);
  uint64_t most = 0;
  uint64_t sum = 0;
  for (uint64_t gone = 0; gone + 20 < kItems; gone += 10) {
    std::map<uint64_t, bool> next;
    for (uint64_t i = gone; i < gone + 10; ++i) next[i] = false;
    Write(next);
    const uint64_t walked = WalkedOver(0, 10);
    most = std::max(most, walked);
    sum += walked;
  }
  // An erased row is two: what it was, and that it went.
  EXPECT_LE(most, 60u);
  EXPECT_LE(sum, 3 * 2 * kItems);
  EXPECT_EQ(Scan(0, 1).front(), BigEndianKey(kItems - 20));
}

TEST_F(ErasedItems, ASetThatIsEmptyAgainIsNotWalkedOverTwice) {
  std::map<uint64_t, bool> all;
  for (uint64_t i = 0; i < 500; ++i) all[i] = true;
  Write(all);
  for (auto& [number, there] : all) there = false;
  Write(all);
  EXPECT_TRUE(Scan(0, 10).empty());
  EXPECT_EQ(WalkedOver(0, 10), 0u);
  EXPECT_EQ(WalkedOver(250, 10), 0u);
  Write({{300, true}});
  EXPECT_EQ(Scan(0, 10), std::vector<std::string>{BigEndianKey(300)});
}

TEST_F(ErasedItems, ScansSeeWhatIsThereWhateverWasWrittenBetween) {
  std::mt19937_64 random(7);
  std::map<uint64_t, bool> model;
  for (int round = 0; round < 300; ++round) {
    std::map<uint64_t, bool> changes;
    // Long runs, so that ranges come about, and single ones inside them.
    const uint64_t first = random() % 400;
    const uint64_t length = random() % 3 == 0 ? random() % 200 : random() % 4;
    const bool puts = random() % 2 == 0;
    for (uint64_t i = first; i <= first + length; ++i) changes[i] = puts;
    for (const auto& [number, there] : changes) model[number] = there;
    Write(changes);
    for (int scan = 0; scan < 3; ++scan) {
      const uint64_t from = random() % 450;
      const size_t limit = 1 + random() % 40;
      std::vector<std::string> expected;
      for (auto at = model.lower_bound(from); at != model.end() && expected.size() < limit; ++at) {
        if (at->second) expected.push_back(BigEndianKey(at->first));
      }
      ASSERT_EQ(Scan(from, limit), expected) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace sluice
