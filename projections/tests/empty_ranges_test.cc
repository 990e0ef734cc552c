#include "projections/empty_ranges.h"

#include <gtest/gtest.h>

#include "machines/common/items.h"

namespace sluice {
namespace {

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

}  // namespace
}  // namespace sluice
