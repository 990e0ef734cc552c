// What (boxed) changes: where a part lies and what is kept with it, never what is seen of it.
#include "events/boxed.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <thread>
#include <vector>

#include "events/codec.h"
#include "events/everything.gen.h"
#include "events/logical.h"
#include "events/paths.h"
#include "events/tests/random_table.h"

namespace sluice {
namespace {

// The same content, and nothing kept of it.
Everything Afresh(const Everything& table) { return Unpack<Everything>(Pack(table)).value(); }

TEST(Boxed, CopiesShareUntilOneChanges) {
  Everything first;
  first.boxed_leaf = Leaf{.name = "a"};
  first.maybe_boxed_leaf = Leaf{.name = "b"};
  Everything second = first;
  EXPECT_EQ(&*first.boxed_leaf, &*second.boxed_leaf);
  EXPECT_EQ(&*first.maybe_boxed_leaf, &*second.maybe_boxed_leaf);
  second.boxed_leaf.Mutable().count = 1;
  second.maybe_boxed_leaf.Mutable().count = 2;
  EXPECT_EQ(first.boxed_leaf->count, 0);
  EXPECT_EQ(first.maybe_boxed_leaf->count, 0);
  EXPECT_EQ(second.boxed_leaf->name, "a");
  EXPECT_EQ(second.maybe_boxed_leaf->name, "b");
  EXPECT_NE(first, second);
  second.boxed_leaf = first.boxed_leaf;
  second.maybe_boxed_leaf = Leaf{.name = "b"};
  EXPECT_EQ(first, second);
}

TEST(Boxed, ADefaultIsADefaultWhetherItIsHeldOrNot) {
  Everything held;
  held.boxed_leaf = Leaf{};
  EXPECT_TRUE(held.boxed_leaf.IsSet());
  EXPECT_EQ(held, Everything{});
  EXPECT_EQ(LogicalHash(held), LogicalHash(Everything{}));
  EXPECT_EQ(Pack(held), Pack(Everything{}));
  EXPECT_TRUE(IsDefault(held));
  // An optional one that is empty is there.
  held.maybe_boxed_leaf.emplace();
  EXPECT_NE(held, Everything{});
  EXPECT_NE(LogicalHash(held), LogicalHash(Everything{}));
  held.maybe_boxed_leaf.reset();
  EXPECT_EQ(held, Everything{});
}

TEST(Boxed, IsHashedAsAPlainMember) {
  Everything boxed;
  boxed.boxed_leaf = Leaf{.name = "a", .count = 3};
  // Another id, so the bytes are compared, without what goes before them.
  const auto tail = [](const Everything& table) {
    std::string bytes;
    AppendLogical(TypeOf<Everything>(), &table, &bytes);
    return bytes.substr(1);
  };
  Everything plain;
  plain.value_leaf = Leaf{.name = "a", .count = 3};
  EXPECT_EQ(tail(boxed), tail(plain));
  EXPECT_EQ(tail(boxed), tail(plain)) << "once it is kept";
}

RC_GTEST_PROP(Boxed, AKeptEncodingIsTheOneOfTheContent, (uint64_t seed, uint64_t other_seed)) {
  auto table = RandomTable<Everything>(seed);
  const Hash128 before = LogicalHash(table);
  const Everything copy = table;
  RC_ASSERT(LogicalHash(table) == before);
  // In every way a part may be changed: by its holder's descriptor, as a member, as a whole.
  TableFiller(other_seed).Fill(TypeOf<Everything>(), &table);
  RC_ASSERT(LogicalHash(table) == LogicalHash(Afresh(table)));
  table.boxed_leaf.Mutable().name += "x";
  RC_ASSERT(LogicalHash(table) == LogicalHash(Afresh(table)));
  table.maybe_boxed_leaf = RandomTable<Leaf>(other_seed);
  RC_ASSERT(LogicalHash(table) == LogicalHash(Afresh(table)));
  RC_ASSERT(Unpack(TypeOf<Everything>(), Pack(copy), &table).has_value());
  RC_ASSERT(LogicalHash(table) == before);
  RC_ASSERT(LogicalHash(copy) == before);
}

RC_GTEST_PROP(Boxed, ReadingIntoOneLeavesWhoSharesItAlone, (uint64_t seed, uint64_t other_seed)) {
  auto table = RandomTable<Everything>(seed);
  const Everything shared = table;
  const Everything before = Afresh(table);
  const auto other = RandomTable<Everything>(other_seed);
  RC_ASSERT(Unpack(TypeOf<Everything>(), Pack(other), &table).has_value());
  RC_ASSERT(table == other);
  RC_ASSERT(shared == before);
}

TEST(Boxed, ThreadsHashAndCopyTheSameOne) {
  Everything boxed;
  boxed.boxed_leaf = Leaf{.name = "a long name, not small enough for a string's own memory"};
  boxed.maybe_boxed_leaf = Leaf{.name = "b"};
  const Hash128 expected = LogicalHash(Afresh(boxed));
  struct Seen {
    Hash128 first;
    Hash128 changed;
    Hash128 shared;
  };
  std::vector<Seen> seen(8);
  std::vector<std::thread> threads;
  threads.reserve(seen.size());
  for (Seen& hashes : seen) {
    threads.emplace_back([&boxed, &hashes] {
      Everything copy = boxed;
      hashes.first = LogicalHash(copy);
      copy.boxed_leaf.Mutable().count = 1;
      copy.maybe_boxed_leaf.Mutable().count = 1;
      hashes.changed = LogicalHash(copy);
      hashes.shared = LogicalHash(boxed);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Seen& hashes : seen) {
    EXPECT_EQ(hashes.first, expected);
    EXPECT_NE(hashes.changed, expected);
    EXPECT_EQ(hashes.shared, expected);
  }
}

}  // namespace
}  // namespace sluice
