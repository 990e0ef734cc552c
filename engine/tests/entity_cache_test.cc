#include "engine/entity_cache.h"

#include <gtest/gtest.h>

#include "engine/testing/memory_store.h"
#include "engine/tests/widget.h"
#include "projections/batch_projection.h"

namespace sluice {
namespace {

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

  KindRegistry kinds_;
  MemoryStore store_{kinds_, 0};
};

TEST_F(EntityCacheTest, DropsThoseUsedLongestAgoBeyondItsBytes) {
  EntityCache one(store_, SIZE_MAX, SIZE_MAX);
  Use(one, 0);
  const size_t each = one.ByteSize();
  ASSERT_GT(each, 0u);

  EntityCache cache(store_, SIZE_MAX, 3 * each);
  for (int number = 0; number < 10; ++number) Use(cache, number);
  Use(cache, 1);
  EXPECT_EQ(cache.ByteSize(), 10 * each);
  cache.EvictIdle(0);
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(cache.ByteSize(), 3 * each);
  for (int number : {1, 8, 9}) EXPECT_NE(cache.Find(Name(number)), nullptr) << number;
}

TEST_F(EntityCacheTest, KeepsWhatIsNotInTheStoreYetWhateverItTakes) {
  EntityCache cache(store_, SIZE_MAX, 1);
  Use(cache, 1, 7);
  Use(cache, 2, 3);
  cache.EvictIdle(2);
  EXPECT_EQ(cache.size(), 2u);
  cache.EvictIdle(7);
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.ByteSize(), 0u);
}

TEST_F(EntityCacheTest, CountsAnEntityByWhatTheStoreHasOfIt) {
  EntityCache cache(store_, SIZE_MAX, SIZE_MAX);
  Use(cache, 1);
  const size_t empty = cache.ByteSize();
  auto stored = std::make_shared<StoredForm>();
  stored->packed = std::make_shared<const Bytes>(Bytes(10'000, 'x'));
  cache.Find(Name(1))->entity.stored = stored;
  cache.Applied(1, Name(1));
  EXPECT_GT(cache.ByteSize(), empty + 10'000);
  stored->packed = nullptr;
  cache.Applied(2, Name(1));
  EXPECT_EQ(cache.ByteSize(), empty);
}

}  // namespace
}  // namespace sluice
