#include "engine/entity_cache.h"

#include <gtest/gtest.h>

#include "engine/testing/memory_store.h"
#include "engine/tests/widget.h"
#include "projections/batch_projection.h"
#include "projections/store_mentions.h"

namespace sluice {
namespace {

std::string Mentions() {
  store::MentionList mentions;
  mentions.AddLive();
  mentions.AddPhase('x');
  return mentions.Pack();
}

using testing::MemoryStore;

class EntityCacheTest : public ::testing::Test {
 protected:
  EntityCacheTest() { kinds_.Add(WidgetKind()); }

  static std::string Name(int number) { return "widget/default/w" + std::to_string(number); }
  // Uses it in batch `batch`.
  static void Use(EntityCache& cache, int number, uint64_t batch = 0) {
    auto entity = cache.Get(KeyOrDie(Name(number)));
    ASSERT_TRUE(entity);
    (*entity)->last_batch = batch;
  }
  // What one takes that is used and was never written.
  size_t BytesOfOne() {
    EntityCache one(store_, {.bytes_max = SIZE_MAX});
    Use(one, 0);
    return one.ByteSize();
  }
  // A widget with everything that is kept beside its state, as batch 1 left it.
  static void Fill(CachedEntity& widget) {
    auto state = widget.entity.state->Clone();
    auto& root = static_cast<Widget&>(*state);
    root.metadata.uid = "u-1";
    root.spec.color = "red";
    root.status.total = 7;
    root.relations.timers.push_back({.id = "ring", .due = Time{5}});
    state->version = 3;
    state->items.Put(kObservers, "widget/default/x", ObserverItem{});
    widget.items->Stage(state->items.TakeChanges(), 1);
    widget.entity.state = std::move(state);
    widget.entity.sequence = 42;
    widget.entity.marks.quarantined = "broken";
    widget.entity.marks.parked = {17, 19};
    auto stored = std::make_shared<StoredForm>();
    stored->mentions = Mentions();
    stored->version = 3;
    stored->decisions = 130;
    stored->is_written = true;
    widget.entity.stored = stored;
    widget.last_batch = 1;
  }

  KindRegistry kinds_;
  MemoryStore store_{kinds_, 0};
};

TEST_F(EntityCacheTest, MakesSomeCold) {
  EntityCache cache(store_, {.hot_entities_max = 3});
  for (int number = 0; number < 10; ++number) Use(cache, number);
  Use(cache, 1);
  EXPECT_EQ(cache.ByteSize(), 10 * BytesOfOne());
  cache.EvictIdle(0);
  EXPECT_EQ(cache.size(), 10u);
  EXPECT_EQ(cache.hot_size(), 3u);
  EXPECT_LT(cache.ByteSize(), 10 * BytesOfOne());
  for (int number = 0; number < 10; ++number) EXPECT_NE(cache.Use(Name(number)), nullptr);
  EXPECT_EQ(cache.size(), 10u);
  EXPECT_EQ(cache.hot_size(), 10u);
}

TEST_F(EntityCacheTest, ALoadThatGoesRoundOverMoreThanFitFindsMostOfThemHot) {
  EntityCache cache(store_, {.hot_entities_max = 90});
  int hot = 0;
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    for (int number = 0; number < 100; ++number) {
      hot += cache.FindHot(Name(number)) != nullptr ? 1 : 0;
      Use(cache, number);
      cache.EvictIdle(0);
    }
  }
  EXPECT_GT(hot, kRounds * 50);
}

TEST_F(EntityCacheTest, BeyondItsBytesItCoolsBeforeItDrops) {
  const size_t each = BytesOfOne();
  EntityCache cache(store_, {.bytes_max = 8 * each});
  for (int number = 0; number < 12; ++number) Use(cache, number);
  cache.EvictIdle(0);
  EXPECT_EQ(cache.size(), 12u);
  EXPECT_LT(cache.hot_size(), 12u);
  EXPECT_LE(cache.ByteSize(), 8 * each);
  for (int number = 12; number < 1000; ++number) {
    Use(cache, number);
    cache.EvictIdle(0);
    ASSERT_LE(cache.ByteSize(), 8 * each);
  }
  EXPECT_GT(cache.size(), 12u);
  EXPECT_EQ(cache.hot_size(), 1u);  // an eighth
}

TEST_F(EntityCacheTest, DropsSomeBeyondItsEntities) {
  EntityCache cache(store_, {.entities_max = 3});
  for (int number = 0; number < 10; ++number) Use(cache, number);
  Use(cache, 1);
  cache.EvictIdle(0);
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(cache.ByteSize(), 3 * BytesOfOne());
}

TEST_F(EntityCacheTest, KeepsWhatIsNotInTheStoreYetWhateverItTakes) {
  EntityCache cache(store_, {.hot_entities_max = 0, .bytes_max = 1});
  Use(cache, 1, 7);
  Use(cache, 2, 3);
  cache.EvictIdle(2);
  EXPECT_EQ(cache.hot_size(), 2u);
  cache.EvictIdle(6);
  EXPECT_EQ(cache.hot_size(), 1u);
  EXPECT_NE(cache.FindHot(Name(1)), nullptr);
  cache.EvictIdle(7);
  EXPECT_EQ(cache.size(), 0u);
}

TEST_F(EntityCacheTest, AColdOneComesBackAsItWasWithoutTheStore) {
  // None of it is in this store: what is there afterwards was not read.
  EntityCache cache(store_, {.hot_entities_max = 0});
  Use(cache, 1);
  CachedEntity& filled = *cache.FindHot(Name(1));
  Fill(filled);
  cache.Applied(1, 0, *cache.FindHot(Name(1)));
  const LoadedEntity before = filled.entity;
  const Hash128 hash = before.state->Hash();
  cache.EvictIdle(1);
  ASSERT_EQ(cache.FindHot(Name(1)), nullptr);

  const auto again = cache.Get(KeyOrDie(Name(1)));
  ASSERT_TRUE(again);
  const LoadedEntity& after = (*again)->entity;
  EXPECT_EQ((*again)->key, Name(1));
  EXPECT_EQ((*again)->parsed.ToString(), Name(1));
  EXPECT_EQ(after.kind, &WidgetKind());
  EXPECT_NE(after.state, before.state);
  EXPECT_EQ(after.state->Hash(), hash);
  EXPECT_EQ(static_cast<const Widget&>(*after.state), static_cast<const Widget&>(*before.state));
  EXPECT_EQ(after.state->version, 3u);
  EXPECT_EQ(after.state->items.hash_sum(), before.state->items.hash_sum());
  EXPECT_EQ(after.sequence, 42u);
  EXPECT_EQ(after.marks, before.marks);
  EXPECT_EQ(after.stored->mentions, Mentions());
  EXPECT_EQ(after.stored->version, 3u);
  EXPECT_EQ(after.stored->decisions, 130u);
  EXPECT_TRUE(after.stored->is_written);
  EXPECT_EQ(*after.stored->packed, Pack(after.state->root_type(), after.state->root()));
}

// A store may know its root as of an earlier change: what is armed since is none, and some stores
// note nothing at all.
TEST_F(EntityCacheTest, AnOldRootIsNotTakenForThePresentOne) {
  EntityCache cache(store_, {.hot_entities_max = 0});
  Use(cache, 1);
  Fill(*cache.FindHot(Name(1)));
  cache.Applied(1, 0, *cache.FindHot(Name(1)));
  for (uint64_t batch = 2; batch < 5; ++batch) {
    cache.EvictIdle(batch);
    CachedEntity& widget = *cache.Use(Name(1));
    EXPECT_EQ(static_cast<const Widget&>(*widget.entity.state).status.total,
              5 + static_cast<int64_t>(batch));
    auto state = widget.entity.state->Clone();
    static_cast<Widget&>(*state).status.total++;
    widget.entity.state = std::move(state);
    widget.last_batch = batch + 1;
  }
}

TEST_F(EntityCacheTest, OneThatNeverWasIsNotKept) {
  EntityCache cache(store_, {.hot_entities_max = 0});
  Use(cache, 1);
  cache.FindHot(Name(1))->entity.stored = std::make_shared<StoredForm>();
  cache.EvictIdle(0);
  EXPECT_EQ(cache.size(), 0u);
}

TEST_F(EntityCacheTest, CountsAnEntityByWhatTheStoreHasOfIt) {
  EntityCache cache(store_, {.bytes_max = SIZE_MAX});
  Use(cache, 1);
  const size_t empty = cache.ByteSize();
  auto stored = std::make_shared<StoredForm>();
  stored->packed = std::make_shared<const Bytes>(Bytes(10'000, 'x'));
  cache.FindHot(Name(1))->entity.stored = stored;
  cache.Applied(1, 0, *cache.FindHot(Name(1)));
  EXPECT_GT(cache.ByteSize(), empty + 10'000);
  stored->packed = nullptr;
  cache.Applied(2, 0, *cache.FindHot(Name(1)));
  EXPECT_EQ(cache.ByteSize(), empty);
}

}  // namespace
}  // namespace sluice
