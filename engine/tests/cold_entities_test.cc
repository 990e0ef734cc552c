// Cold entities: what a map of the same would say, whatever was put, taken and dropped before.
#include "engine/cold_entities.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

#include "engine/tests/widget.h"

namespace sluice {
namespace {

std::string ColdName(int number) { return "widget/default/w" + std::to_string(number); }

RC_GTEST_PROP(ColdEntities, AreWhatAMapOfThemWouldBe, ()) {
  ColdEntities cold;
  struct Kept {
    std::string row;
    std::string items;
  };
  std::map<std::string, Kept> model;  // dropped ones are in it until somebody asks for them
  size_t dropped = 0;
  const auto take = [&](const std::string& key) {
    const ColdEntity taken = cold.Take(key);
    const auto expected = model.find(key);
    if (!taken) {
      if (expected == model.end()) return;
      RC_ASSERT(dropped > 0u);
      --dropped;
    } else {
      RC_ASSERT(expected != model.end());
      RC_ASSERT(taken.key() == key);
      RC_ASSERT(taken.row() == expected->second.row);
      RC_ASSERT(taken.items() == expected->second.items);
      RC_ASSERT(&taken.kind() == &WidgetKind());
    }
    model.erase(key);
  };
  const int steps = *rc::gen::inRange(0, 400);
  for (int step = 0; step < steps; ++step) {
    const std::string key = ColdName(*rc::gen::inRange(0, 60));
    const int what = *rc::gen::inRange(0, 10);
    if (what < 6) {
      take(key);
      const std::string row(static_cast<size_t>(*rc::gen::inRange(0, 3000)), 'r');
      const std::string items(static_cast<size_t>(*rc::gen::inRange(0, 9)), 'i');
      cold.Put(ColdEntity(key, WidgetKind(), row, items));
      model[key] = {row, items};
    } else if (what < 9 || cold.size() == 0) {
      take(key);
    } else {
      cold.DropOne();
      ++dropped;
    }
    RC_ASSERT(cold.size() + dropped == model.size());
  }
  while (!model.empty()) take(std::string(model.begin()->first));
  RC_ASSERT(cold.size() == 0u);
  RC_ASSERT(dropped == 0u);
}

TEST(ColdEntities, TakeTheirKeysTheirRowsAndLittleMore) {
  ColdEntities cold;
  for (int i = 0; i < 10'000; ++i) {
    cold.Put(ColdEntity(ColdName(i), WidgetKind(), std::string(1000, 'r'), ""));
  }
  const size_t each = cold.ByteSize() / cold.size();
  EXPECT_GE(each, 1000 + ColdName(0).size());
  EXPECT_LE(each, 1400u);
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(cold.Take(ColdName(i))) << i;
  // What is left are free places in the hash.
  EXPECT_LE(cold.ByteSize(), 10'000u * 64);
}

// Of a load that goes round and round over a tenth more than fits, most is found.
TEST(ColdEntities, ACycleOverMoreThanFitsFindsMostOfThem) {
  constexpr int kFit = 1000;
  constexpr int kAll = kFit + kFit / 10;
  ColdEntities cold;
  int found = 0;
  for (int i = 0; i < 20 * kAll; ++i) {
    const std::string key = ColdName(i % kAll);
    if (cold.Take(key)) ++found;
    cold.Put(ColdEntity(key, WidgetKind(), "row", ""));
    if (cold.size() > kFit) cold.DropOne();
  }
  EXPECT_GT(found, 20 * kAll / 2);
}

}  // namespace
}  // namespace sluice
