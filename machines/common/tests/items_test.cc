// Keyed collections against a model: reads, scans and the hash sum under random use.
#include "machines/common/items.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "events/common.gen.h"
#include "machines/common/testing/map_items.h"

namespace sluice {
namespace {

using testing::MapItems;
using Model = std::map<ItemKey, int64_t>;

ItemKey RandomKey() {
  const auto collection = *rc::gen::inRange<int>(1, 4);
  const auto length = *rc::gen::inRange<int>(0, 3);
  std::string key;
  for (int i = 0; i < length; ++i) key += "\0ab\xff"[*rc::gen::inRange<int>(0, 4)];
  return {static_cast<CollectionId>(collection), key};
}

// The sum over the whole model, made anew.
Hash128 SumOf(const Model& model) {
  Items fresh;
  for (const auto& [key, since] : model) {
    fresh.Put(key.collection, key.key, ObserverItem{.since = Time{since}});
  }
  return fresh.hash_sum();
}

void CheckScan(const Items& items, const Model& model) {
  const ItemKey from = RandomKey();
  const auto limit = static_cast<size_t>(*rc::gen::inRange<int>(0, 6));
  std::vector<std::pair<std::string, ObserverItem>> expected;
  for (auto at = model.lower_bound(from);
       at != model.end() && at->first.collection == from.collection && expected.size() < limit;
       ++at) {
    expected.emplace_back(at->first.key, ObserverItem{.since = Time{at->second}});
  }
  RC_ASSERT(items.Scan<ObserverItem>(from.collection, from.key, limit) == expected);
}

RC_GTEST_PROP(Items, AreWhatAModelSaysThroughBothLayers, ()) {
  MapItems below;
  Items items(&below);
  Model model;
  const int steps = *rc::gen::inRange(0, 60);
  for (int step = 0; step < steps; ++step) {
    const ItemKey key = RandomKey();
    const int what = *rc::gen::inRange(0, 5);
    if (what == 0) {
      RC_ASSERT(items.Erase<ObserverItem>(key.collection, key.key) == (model.erase(key) == 1));
    } else if (what == 1) {
      below.Take(items.TakeChanges());  // handed on: nothing changes for a reader
    } else {
      const int64_t since = *rc::gen::inRange(1, 5);
      const bool is_new = items.Put(key.collection, key.key, ObserverItem{.since = Time{since}});
      RC_ASSERT(is_new == !model.contains(key));
      model[key] = since;
    }
    const auto found = items.Get<ObserverItem>(key.collection, key.key);
    RC_ASSERT(found.has_value() == model.contains(key));
    if (found) RC_ASSERT(found->since.us == model[key]);
    CheckScan(items, model);
  }
  RC_ASSERT(items.hash_sum() == SumOf(model));
}

TEST(Items, AllErasedIsTheSumOfNone) {
  Items items;
  items.Put(1, "a", ObserverItem{.since = Time{1}});
  items.Put(1, "a", ObserverItem{.since = Time{2}});
  items.Put(2, "a", ObserverItem{.since = Time{2}});
  EXPECT_NE(items.hash_sum(), Hash128{});
  items.Erase<ObserverItem>(1, "a");
  items.Erase<ObserverItem>(2, "a");
  EXPECT_EQ(items.hash_sum(), Hash128{});
  EXPECT_FALSE(items.Erase<ObserverItem>(2, "a"));
}

TEST(Items, IntegersInKeysSortByValue) {
  EXPECT_LT(BigEndianKey(2), BigEndianKey(10));
  EXPECT_LT(BigEndianKey(255), BigEndianKey(256));
}

}  // namespace
}  // namespace sluice
