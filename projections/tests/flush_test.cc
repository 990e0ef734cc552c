// What is brought to disk when: all families of a store at once, and never because one is full.
#include <gtest/gtest.h>

#include "projections/store_db.h"
#include "projections/tests/store_fixture.h"
#include "projections/write_sink.h"

namespace sluice {
namespace {

using testing::StoreTest;
using testing::TestLog;

using FlushTest = StoreTest;

TEST_F(FlushTest, AFamilyWithManyBytesFlushesNoOther) {
  constexpr size_t kRows = 24;
  constexpr size_t kRowBytes = size_t{1} << 20;
  constexpr size_t kBudget = size_t{128} << 20;
  std::string why_new;
  const auto store = OpenStoreDb({.path = Path("db"),
                                  .partition = 0,
                                  .fingerprint = {},
                                  .memory = MakeStoreMemory(kBudget, kBudget)},
                                 &why_new);
  ASSERT_TRUE(store) << store.error().message;
  const uint64_t sealed = (*store)->seals->load();
  const auto sink = MakeBatchSink(**store);
  for (size_t row = 0; row < kRows; ++row) {
    sink->Put(StoreFamily::kEntities, std::to_string(row), std::string(kRowBytes, 'x'));
    sink->Put(StoreFamily::kHistory, std::to_string(row), "4");
    const auto written = sink->Commit();
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_GT(*written, kRowBytes);
  }
  EXPECT_EQ((*store)->seals->load(), sealed);
  ASSERT_TRUE(FlushStoreDb(**store, /*wait=*/true));
  EXPECT_EQ((*store)->seals->load(), sealed + 2);
}

// As many decisions as a flush takes lie behind it, but some of them were flushed meanwhile.
TEST_F(FlushTest, WhatOthersFlushedIsNotCountedAgain) {
  flush_decisions_ = 40;
  TestLog log(LampKinds());
  auto store = Open("live");
  const auto apply = [&](int steps, uint64_t seed) {
    Work(log, steps, seed);
    ASSERT_TRUE(store->Apply(log.TakeBatch()));
  };
  apply(30, 1);
  ASSERT_TRUE(store->Checkpoint(Path("others")));
  const uint64_t closed = store->MemtablesClosed();
  apply(30, 2);
  ASSERT_GT(store->NextSequence(), flush_decisions_);
  EXPECT_EQ(store->MemtablesClosed(), closed);
  apply(30, 3);
  EXPECT_GT(store->MemtablesClosed(), closed);
}

}  // namespace
}  // namespace sluice
