// Payloads filled again are as good as new ones, and nobody's who still reads them.
#include "events/payload_pool.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "events/codec.h"
#include "events/envelope.gen.h"
#include "events/everything.gen.h"
#include "events/tests/random_table.h"

namespace sluice {
namespace {

Decision WithEvents(uint64_t seed) {
  Decision decision;
  for (uint64_t i = 0; i < seed % 4; ++i) {
    decision.events.push_back({AnyTable::Of(RandomTable<Everything>(seed + i))});
    decision.events.push_back({AnyTable::Of(RandomTable<Leaf>(seed + i))});
    decision.events.push_back({AnyTable::Of(EverythingHappened{})});
  }
  decision.events.push_back({AnyTable::Unknown("Nobody", "knows")});
  return decision;
}

void GiveBack(Decision& decision, PayloadPool& pool) {
  for (Event& event : decision.events) pool.Give(std::move(event.payload));
}

RC_GTEST_PROP(PayloadPool, WhatIsFilledAgainIsAsIfMadeAnew, (uint64_t seed, uint64_t other_seed)) {
  PayloadPool pool;
  Decision read;
  for (const uint64_t each : {seed, other_seed, seed + 1, seed}) {
    const Decision written = WithEvents(each);
    GiveBack(read, pool);
    RC_ASSERT(UnpackFolded(TypeOf<Decision>(), Pack(written), &pool, &read).has_value());
    RC_ASSERT(read.events == written.events);
  }
}

TEST(PayloadPool, FillsWhatNobodyElseHolds) {
  PayloadPool pool;
  const Decision one{.events = {{AnyTable::Of(Leaf{.name = "one"})}}};
  const Decision two{.events = {{AnyTable::Of(Leaf{.name = "two"})}}};
  Decision read;
  ASSERT_TRUE(UnpackFolded(TypeOf<Decision>(), Pack(one), &pool, &read));
  const void* first = read.events[0].payload.data();
  GiveBack(read, pool);
  ASSERT_TRUE(UnpackFolded(TypeOf<Decision>(), Pack(two), &pool, &read));
  EXPECT_EQ(read.events[0].payload.data(), first);
  const AnyTable held = read.events[0].payload;
  GiveBack(read, pool);
  ASSERT_TRUE(UnpackFolded(TypeOf<Decision>(), Pack(one), &pool, &read));
  EXPECT_EQ(held.As<Leaf>()->name, "two");
  EXPECT_EQ(read.events[0].payload.As<Leaf>()->name, "one");
}

TEST(PayloadPool, KnowsTypesByName) {
  PayloadPool pool;
  for (const Type* type : AllTypes()) EXPECT_EQ(pool.TypeNamed(type->name), type);
  for (const Type* type : AllTypes()) EXPECT_EQ(pool.TypeNamed(type->name), type);
  EXPECT_EQ(pool.TypeNamed("Nobody"), nullptr);
  EXPECT_EQ(pool.TypeNamed(""), nullptr);
}

}  // namespace
}  // namespace sluice
