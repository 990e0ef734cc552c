// Items in memory above their store: always what a map of everything written says, whatever was
// applied, dropped or read before; and the store is asked once.
#include "engine/cached_items.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <vector>

namespace sluice {
namespace {

using Found = std::vector<std::pair<std::string, Bytes>>;

// A store that counts what it is asked.
class CountedStore final : public ItemSource {
 public:
  std::optional<Bytes> Get(const ItemKey& key) const override {
    ++asked;
    const auto found = rows.find(key);
    return found == rows.end() ? std::nullopt : std::optional(found->second);
  }
  void Scan(CollectionId collection, std::string_view from,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    ++asked;
    for (auto at = rows.lower_bound({collection, std::string(from)});
         at != rows.end() && at->first.collection == collection; ++at) {
      ++visited;
      if (!visit(at->first.key, at->second)) return;
    }
  }
  void Write(const Items::Changes& changes) {
    for (const auto& [key, value] : changes) {
      if (value) {
        rows[key] = *value;
      } else {
        rows.erase(key);
      }
    }
  }

  std::map<ItemKey, Bytes> rows;
  mutable uint64_t asked = 0;
  mutable uint64_t visited = 0;
};

Found ScanOf(const ItemSource& source, CollectionId collection, std::string_view from,
             size_t limit) {
  Found found;
  source.Scan(collection, from, [&](std::string_view key, std::string_view value) {
    if (found.size() >= limit) return false;
    found.emplace_back(key, value);
    return true;
  });
  return found;
}

Items::Changes Put(CollectionId collection, uint64_t number, const Bytes& value) {
  return {{{collection, BigEndianKey(number)}, value}};
}
Items::Changes Erase(CollectionId collection, uint64_t number) {
  return {{{collection, BigEndianKey(number)}, std::nullopt}};
}

// What a decision has to see, and what is on its way there.
struct Model {
  CountedStore all;    // with everything staged
  CountedStore store;  // what is applied
  std::vector<Items::Changes> batches;
  size_t applied = 0;
};

RC_GTEST_PROP(CachedItems, SayWhatWasWrittenWhateverWasReadAndDropped, ()) {
  Model model;
  const auto key = [] {
    return ItemKey{static_cast<CollectionId>(*rc::gen::inRange(1, 3)),
                   std::string(1, static_cast<char>(*rc::gen::inRange<int>('a', 'h')))};
  };
  for (int rows = *rc::gen::inRange(0, 6); rows > 0; --rows) {
    const ItemKey there = key();
    model.all.rows[there] = model.store.rows[there] = "there";
  }
  auto items = std::make_unique<CachedItems>(&model.store, model.store.rows.empty());
  for (int step = *rc::gen::inRange(0, 40); step > 0; --step) {
    switch (*rc::gen::inRange(0, 7)) {
      case 0: {  // a decision, its values large enough for a few to be beyond the bound
        Items::Changes changes;
        for (int many = *rc::gen::inRange(1, 4); many > 0; --many) {
          const auto size = static_cast<size_t>(*rc::gen::element(1, 400'000));
          if (*rc::gen::arbitrary<bool>()) {
            changes[key()] = Bytes(size, static_cast<char>('0' + step % 10));
          } else {
            changes[key()] = std::nullopt;
          }
        }
        model.all.Write(changes);
        model.batches.push_back(changes);
        items->Stage(changes, model.batches.size());
        break;
      }
      case 4: {  // its entity goes cold and comes back
        if (!items->IsApplied()) break;
        const std::string known = items->Known();
        const size_t bytes = items->ByteSize();
        items = std::make_unique<CachedItems>(&model.store, model.store.rows.empty());
        items->Restore(known);
        RC_ASSERT(items->ByteSize() == bytes);
        break;
      }
      case 1:
        if (model.applied == model.batches.size()) break;
        model.store.Write(model.batches[model.applied++]);
        items->Applied(model.applied);
        break;
      case 2:
        items->Trim();
        break;
      case 3: {
        const ItemKey asked = key();
        RC_ASSERT(items->Get(asked) == model.all.Get(asked));
        break;
      }
      default: {
        const ItemKey from = key();
        const bool begins = *rc::gen::arbitrary<bool>();
        const auto limit = static_cast<size_t>(*rc::gen::inRange(1, 6));
        const std::string first = begins ? "" : from.key;
        // A visitor may read what comes later.
        const ItemKey ahead = key();
        Found found;
        items->Scan(from.collection, first, [&](std::string_view at, std::string_view value) {
          if (found.size() >= limit) return false;
          found.emplace_back(at, value);
          RC_ASSERT(items->Get(ahead) == model.all.Get(ahead));
          return true;
        });
        RC_ASSERT(found == ScanOf(model.all, from.collection, first, limit));
      }
    }
  }
}

TEST(CachedItems, WhatIsKnownComesBackWithoutTheStore) {
  CountedStore store;
  for (uint64_t number = 0; number < 5; ++number) store.Write(Put(1, number, "there"));
  store.Write(Put(2, 7, "there"));
  CachedItems before(&store, /*is_empty=*/false);
  ScanOf(before, 1, "", 100);
  before.Get({2, BigEndianKey(7)});
  const uint64_t asked = store.asked;
  CachedItems after(&store, /*is_empty=*/false);
  after.Restore(before.Known());
  EXPECT_EQ(ScanOf(after, 1, "", 100), ScanOf(before, 1, "", 100));
  EXPECT_EQ(after.Get({1, BigEndianKey(9)}), std::nullopt);
  EXPECT_EQ(after.Get({2, BigEndianKey(7)}), "there");
  EXPECT_EQ(store.asked, asked);
  EXPECT_EQ(after.Get({2, BigEndianKey(8)}), std::nullopt);  // nobody had asked for that
  EXPECT_EQ(store.asked, asked + 1);
}

TEST(CachedItems, OfANewEntityAreAllInMemory) {
  CountedStore store;
  CachedItems items(&store, /*is_empty=*/true);
  for (uint64_t number = 0; number < 100; ++number) {
    EXPECT_EQ(items.Get({1, BigEndianKey(number)}), std::nullopt);
    items.Stage(Put(1, number, "x"), number);
    items.Applied(number);
    EXPECT_EQ(ScanOf(items, 1, "", 200).size(), number + 1);
    EXPECT_TRUE(ScanOf(items, 2, "", 1).empty());
  }
  EXPECT_EQ(store.asked, 0u);
}

TEST(CachedItems, AQueueIsReadOnceHoweverManyLeaveIt) {
  constexpr uint64_t kMembers = 1'000;
  CountedStore store;
  for (uint64_t number = 0; number < kMembers; ++number) store.Write(Put(1, number, "x"));
  CachedItems items(&store, /*is_empty=*/false);
  for (uint64_t number = 0; number < kMembers; ++number) {
    const Found first = ScanOf(items, 1, "", 10);
    ASSERT_EQ(first.front().first, BigEndianKey(number));
    const Items::Changes leaves = Erase(1, number);
    items.Stage(leaves, number + 1);
    store.Write(leaves);
    items.Applied(number + 1);
  }
  EXPECT_TRUE(ScanOf(items, 1, "", 1).empty());
  // Ten and the next at first, then one more with each that left, and the one it stopped at.
  EXPECT_LE(store.visited, 2 * kMembers + 11);
}

TEST(CachedItems, TakeAsMuchMemoryAsTheyMayAndWhatIsNotApplied) {
  CountedStore store;
  CachedItems items(&store, /*is_empty=*/true);
  const Bytes value(1'000, 'x');
  const uint64_t many = 3 * CachedItems::kBytesMax / value.size();
  for (uint64_t number = 0; number < many; ++number) items.Stage(Put(1, number, value), number + 1);
  items.Trim();
  EXPECT_GT(items.ByteSize(), 3 * CachedItems::kBytesMax);
  for (uint64_t number = 0; number < many; ++number) store.Write(Put(1, number, value));
  items.Applied(many);
  EXPECT_TRUE(items.IsApplied());
  items.Trim();
  EXPECT_LE(items.ByteSize(), CachedItems::kBytesMax);
  // Reading all of it takes in no more than that.
  EXPECT_EQ(ScanOf(items, 1, "", many).size(), many);
  EXPECT_LE(items.ByteSize(), CachedItems::kBytesMax + 2 * value.size());
  for (uint64_t number = 0; number < many; ++number) {
    EXPECT_EQ(items.Get({1, BigEndianKey(number)}), value);
  }
  EXPECT_LE(items.ByteSize(), CachedItems::kBytesMax + 2 * value.size());
}

}  // namespace
}  // namespace sluice
