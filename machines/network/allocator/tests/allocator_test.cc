#include "machines/network/allocator/allocator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

namespace sluice {
namespace {

Prefix P(const std::string& text) { return *Prefix::Parse(text); }

Holder By(const std::string& name) { return {name, "network/default/" + name}; }

// Counts what a call loads and stores: the cost that must not grow with the holders.
class CountingItems : public MapAllocatorItems {
 public:
  std::optional<std::string> Get(std::string_view key) const override {
    ++touched_;
    return MapAllocatorItems::Get(key);
  }
  void Put(std::string_view key, std::string_view value) override {
    ++touched_;
    MapAllocatorItems::Put(key, value);
  }
  void Erase(std::string_view key) override {
    ++touched_;
    MapAllocatorItems::Erase(key);
  }
  size_t Touched() { return std::exchange(touched_, 0); }

 private:
  mutable size_t touched_ = 0;
};

TEST(Allocator, GrantsTheLowestFittingPrefix) {
  MapAllocatorItems items;
  Allocator allocator(items);
  const Prefix pool = P("10.128.0.0/9");
  EXPECT_EQ(allocator.Grant(pool, 16, By("a"))->ToString(), "10.128.0.0/16");
  EXPECT_EQ(allocator.Grant(pool, 16, By("b"))->ToString(), "10.129.0.0/16");
  EXPECT_EQ(allocator.Grant(pool, 12, By("c"))->ToString(), "10.144.0.0/12");
  EXPECT_EQ(allocator.Grant(pool, 15, By("d"))->ToString(), "10.130.0.0/15");
  EXPECT_EQ(allocator.Release("a")->ToString(), "10.128.0.0/16");
  EXPECT_EQ(allocator.Grant(pool, 17, By("e"))->ToString(), "10.128.0.0/17");
}

TEST(Allocator, IdenticalClaimsAreTheSameGrant) {
  MapAllocatorItems items;
  Allocator allocator(items);
  const auto first = allocator.Grant(P("10.0.0.0/8"), 16, By("a"));
  const MapAllocatorItems before = items;
  EXPECT_EQ(allocator.Grant(P("10.0.0.0/8"), 16, By("a")), first);
  EXPECT_TRUE(allocator.Hold(*first, By("a")));
  EXPECT_EQ(items, before);
}

TEST(Allocator, GivenRangesNameWhoIsInTheWay) {
  MapAllocatorItems items;
  Allocator allocator(items);
  ASSERT_TRUE(allocator.Hold(P("192.168.0.0/16"), By("a")));
  for (const std::string text : {"192.168.0.0/16", "192.168.4.0/24", "192.0.0.0/8"}) {
    const auto held = allocator.Hold(P(text), By("b"));
    ASSERT_FALSE(held) << text;
    EXPECT_EQ(held.error().prefix.ToString(), "192.168.0.0/16");
    EXPECT_EQ(held.error().holder.name, "network/default/a");
  }
  EXPECT_TRUE(allocator.Hold(P("192.169.0.0/16"), By("b")));
}

TEST(Allocator, AClaimHasOnePrefix) {
  MapAllocatorItems items;
  Allocator allocator(items);
  ASSERT_TRUE(allocator.Hold(P("10.0.0.0/16"), By("a")));
  const auto held = allocator.Hold(P("10.1.0.0/16"), By("a"));
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().prefix.ToString(), "10.0.0.0/16");
}

TEST(Allocator, RunsDryAndRecovers) {
  MapAllocatorItems items;
  Allocator allocator(items);
  const Prefix pool = P("10.0.0.0/30");
  for (const std::string name : {"a", "b", "c", "d"}) {
    EXPECT_TRUE(allocator.Grant(pool, 32, By(name)));
  }
  EXPECT_FALSE(allocator.Grant(pool, 32, By("e")));
  EXPECT_FALSE(allocator.FindFree(pool, 31));
  allocator.Release("c");
  EXPECT_EQ(allocator.Grant(pool, 32, By("e"))->ToString(), "10.0.0.2/32");
}

TEST(Allocator, WholeBlockAndImpossibleLengths) {
  MapAllocatorItems items;
  Allocator allocator(items);
  EXPECT_FALSE(allocator.FindFree(P("10.0.0.0/16"), 8));
  EXPECT_FALSE(allocator.FindFree(P("10.0.0.0/16"), 33));
  EXPECT_EQ(allocator.Grant(P("10.0.0.0/16"), 16, By("a"))->ToString(), "10.0.0.0/16");
  EXPECT_FALSE(allocator.FindFree(P("10.0.0.0/16"), 32));
  EXPECT_FALSE(allocator.FindFree(P("10.0.128.0/17"), 32));
  EXPECT_TRUE(allocator.FindFree(P("10.0.0.0/15"), 16));
}

TEST(Allocator, FamiliesDoNotMeet) {
  MapAllocatorItems items;
  Allocator allocator(items);
  EXPECT_TRUE(allocator.Hold(Prefix::All(Family::kIPv4), By("a")));
  EXPECT_EQ(allocator.Grant(P("fd00::/8"), 48, By("b"))->ToString(), "fd00::/48");
  EXPECT_EQ(allocator.List(Prefix::All(Family::kIPv4), 10).size(), 1u);
  EXPECT_EQ(allocator.List(Prefix::All(Family::kIPv6), 10).front().holder, By("b"));
}

TEST(Allocator, ListsInOrderOfAddress) {
  MapAllocatorItems items;
  Allocator allocator(items);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(allocator.Grant(P("10.0.0.0/8"), 16, By(std::string(1, char('a' + i)))));
  }
  const auto list = allocator.List(P("10.1.0.0/16"), 2);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].prefix.ToString(), "10.1.0.0/16");
  EXPECT_EQ(list[1].holder.claim, "c");
}

// O(log n): with n addresses granted lowest first, a grant walks about log2(n) branches: it reads
// and writes each once, and its own two or three items.
TEST(Allocator, TouchesLogarithmicallyManyItems) {
  CountingItems items;
  Allocator allocator(items);
  const Prefix pool = P("fd00::/64");
  constexpr size_t kHeldMax = 100'000;
  for (size_t n = 1; n <= kHeldMax; ++n) {
    ASSERT_TRUE(allocator.Grant(pool, 128, By(std::to_string(n))));
    ASSERT_LE(items.Touched(), 4 * std::bit_width(n) + 12) << n << " held";
  }
  for (size_t n = 7; n <= kHeldMax; n += 7) {
    ASSERT_TRUE(allocator.Release(std::to_string(n)));
    ASSERT_LE(items.Touched(), 2 * std::bit_width(kHeldMax) + 12);
  }
  ASSERT_EQ(allocator.Grant(pool, 128, By("again"))->AddressToString(), "fd00::6");
}

// The worst case is the bits of an address, however the holders lie.
TEST(Allocator, TouchesNoMoreItemsThanAnAddressHasBits) {
  CountingItems items;
  Allocator allocator(items);
  Prefix at = Prefix::All(Family::kIPv6);
  for (int length = 1; length <= 128; ++length) {
    ASSERT_TRUE(allocator.Hold(at.Half(false).BuddyAt(length), By(std::to_string(length))));
    ASSERT_LE(items.Touched(), 3 * 128u + 12);
    at = at.Half(false);
  }
  ASSERT_EQ(allocator.Grant(Prefix::All(Family::kIPv6), 128, By("last"))->ToString(), "::/128");
  ASSERT_LE(items.Touched(), 3 * 128u + 12);
}

}  // namespace
}  // namespace sluice
