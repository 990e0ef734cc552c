// What an entity was at any position is found from the waypoint before it, however its decisions
// came into the store: one by one, in batches, or by a replay of the log.
#include "projections/waypoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "events/codec.h"
#include "events/json.h"
#include "projections/change_feed.h"
#include "projections/item_layer.h"
#include "projections/past_fold.h"
#include "projections/store_view.h"
#include "projections/tests/store_fixture.h"

namespace sluice {
namespace {

using testing::StoreTest;
using testing::TestLog;

// The root, and the items that are there.
std::string Show(const EntityState& state) {
  std::string text = ToJson(state.root_type(), state.root());
  state.items.ScanBytes(LampMachine::kPresses, "", [&](std::string_view key, std::string_view) {
    text += fmt::format(" {}", store::ReadBigEndian64(key));
    return true;
  });
  return text + " " + ToHex(state.Hash());
}

LoadedEntity Nothing() {
  LoadedEntity entity;
  entity.kind = LampKinds().Find("lamp");
  entity.state = entity.kind->make();
  return entity;
}

class WaypointTest : public StoreTest {
 protected:
  static constexpr int kSteps = 1500;

  // The next step of a long life: pressed, deleted, pressed in vain, made again.
  void Step() {
    const uint64_t roll = random_();
    if (gone_ == 0 && roll % 40 == 0) {
      log_.Send(Lamp(1), Delete{});
      gone_ = 1 + roll / 40 % 20;
    } else if (gone_ == 1) {
      log_.Send(Lamp(1), LampApply{.spec = {.color = "red", .room = "hall"}});
      gone_ = 0;
    } else {
      log_.Send(Lamp(1), PressLamp{});
      if (gone_ > 0) --gone_;
    }
    // Others between.
    if (roll % 3 == 0) log_.Send(Lamp(2), PressLamp{});
  }

  // Every state of the lamp, by the sequence it stands behind.
  std::map<uint64_t, std::string> Model() {
    std::map<uint64_t, std::string> model;
    LoadedEntity entity = Nothing();
    ItemLayer items;
    entity.state->items.set_source(&items);
    for (const Bytes& bytes : log_.records()) {
      const LogRecord record = *Unpack<LogRecord>(bytes);
      if (!record.decision || FoldedEntity(*record.decision) != Lamp(1)) continue;
      EXPECT_TRUE(FoldEntity(entity, *record.decision, record.sequence));
      items.Take(entity.state->items.TakeChanges());
      model[record.sequence] = Show(*entity.state);
    }
    return model;
  }

  // As `store` has it before `end`; `folded` decisions were read from the log for it.
  std::string At(const PartitionStore& store, uint64_t end, size_t* folded) {
    const auto view = store.View();
    auto start = WaypointBefore(view, *LampKinds().Find("lamp"), Lamp(1), end);
    EXPECT_TRUE(start) << start.error().message;
    LoadedEntity entity = Nothing();
    uint64_t from = 0;
    if (*start) {
      entity = std::move((*start)->entity);
      from = (*start)->next;
      EXPECT_LE(from, end);
    }
    FoldedRecord record;
    PastFold fold(entity, Lamp(1), record);
    const auto sequences = view->FoldedHistory(Lamp(1), from, 10'000);
    EXPECT_TRUE(sequences);
    for (const uint64_t sequence : *sequences) {
      if (sequence >= end) break;
      EXPECT_TRUE(fold.Add(sequence, log_.records()[sequence]));
    }
    EXPECT_TRUE(fold.Check());
    *folded = fold.decisions();
    return Show(*entity.state);
  }

  // The most that had to be folded for any position.
  size_t CompareEverywhere(const PartitionStore& store) {
    const auto model = Model();
    size_t most = 0;
    for (uint64_t end = model.begin()->first + 1; end <= log_.end(); end += 7) {
      size_t folded = 0;
      EXPECT_EQ(At(store, end, &folded), std::prev(model.lower_bound(end))->second) << end;
      most = std::max(most, folded);
    }
    return most;
  }

  TestLog log_{LampKinds()};
  std::mt19937_64 random_{5};
  uint64_t gone_ = 1;  // decisions until it is made again; 0: it is there
};

TEST_F(WaypointTest, AStateIsNearWhateverBatchesItCameIn) {
  constexpr int kBatchMax = 12;
  auto store = Open("live");
  for (int step = 0; step < kSteps;) {
    for (uint64_t rest = 1 + random_() % kBatchMax; rest > 0; --rest, ++step) Step();
    ApplyAll(*store, log_);
  }
  EXPECT_LT(CompareEverywhere(*store), kWaypointEvery + kBatchMax);
}

TEST_F(WaypointTest, ABatchThatPassesSeveralKeepsTheLast) {
  auto store = Open("live");
  for (int step = 0; step < kSteps; ++step) Step();
  ApplyAll(*store, log_);
  size_t folded = 0;
  EXPECT_EQ(At(*store, log_.end(), &folded), Model().rbegin()->second);
  EXPECT_EQ(folded, 0u);
  CompareEverywhere(*store);
  // The next one continues the count.
  for (int step = 0; step < kSteps; ++step) {
    Step();
    ApplyAll(*store, log_);
  }
  At(*store, log_.end(), &folded);
  EXPECT_LT(folded, kWaypointEvery);
}

TEST_F(WaypointTest, AReplayKeepsThemAlongTheWay) {
  for (int step = 0; step < kSteps; ++step) Step();
  for (const size_t batch : {size_t{100}, size_t{700}, size_t{100'000}}) {
    for (const size_t sorted_files_from : {size_t{0}, size_t{100'000}}) {
      auto store = Open(fmt::format("replay-{}-{}", batch, sorted_files_from));
      ASSERT_TRUE(Recover(*store, {.read = log_.Reader(),
                                   .end_sequence = log_.end(),
                                   .batch_decisions = batch,
                                   .sorted_files_from = sorted_files_from}));
      EXPECT_LT(CompareEverywhere(*store), kWaypointEvery);
    }
  }
}

TEST_F(WaypointTest, TheEndOfAReplayKeepsThemToo) {
  for (int step = 0; step < kSteps; ++step) Step();
  ChangeFeed feed(1, 1 << 20);
  auto store = Open("in-order", &feed);
  ASSERT_TRUE(Recover(
      *store, {.read = log_.Reader(), .end_sequence = log_.end(), .feed_last = UINT64_MAX / 2}));
  EXPECT_LT(CompareEverywhere(*store), kWaypointEvery);
}

TEST_F(WaypointTest, TheLastDecisionsAreFoundFromTheEnd) {
  auto store = Open("live");
  std::vector<uint64_t> all;
  for (int step = 0; step < 300; ++step) {
    Step();
    if (step % 5 == 0) ApplyAll(*store, log_);
  }
  ApplyAll(*store, log_);
  const auto view = store->View();
  all = *view->History(Lamp(1), 0, 10'000);
  for (const uint64_t end : {uint64_t{0}, all[0], all[0] + 1, all[37], log_.end(), UINT64_MAX}) {
    const auto before = std::lower_bound(all.begin(), all.end(), end);
    const auto count = std::min<ptrdiff_t>(20, before - all.begin());
    EXPECT_EQ(*view->LastHistory(Lamp(1), end, 20), std::vector<uint64_t>(before - count, before));
  }
  EXPECT_LT(view->FoldedHistory(Lamp(1), 0, 10'000)->size(), all.size());
}

}  // namespace
}  // namespace sluice
