#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "projections/store_keys.h"
#include "projections/store_mentions.h"
#include "projections/tests/store_fixture.h"

namespace sluice {
namespace {

using testing::Rows;
using testing::StoreTest;
using testing::TestLog;

void ApplyAll(PartitionStore& store, TestLog& log) {
  const auto applied = store.Apply(log.TakeBatch());
  ASSERT_TRUE(applied) << applied.error().message;
}

TEST_F(StoreTest, BatchByBatchIsTheSameAsFoldingTheLog) {
  TestLog log(LampKinds());
  {
    auto store = Open("live");
    for (uint64_t batch = 0; batch < 60; ++batch) {
      Work(log, static_cast<int>(1 + batch % 7), batch);
      ApplyAll(*store, log);
    }
    EXPECT_EQ(store->NextSequence(), log.end());
  }
  EXPECT_EQ(Rows(Path("live")), RowsFromZero(log));
}

TEST_F(StoreTest, SortedFilesHoldWhatWritesWouldHave) {
  TestLog log(LampKinds());
  for (uint64_t round = 0; round < 8; ++round) Work(log, 50, 3 + 100 * (round / 2) + round % 2);
  {
    auto store = Open("files");
    const auto recovered = Recover(*store, {.read = log.Reader(),
                                            .end_sequence = log.end(),
                                            .batch_decisions = 90,
                                            .sorted_files_from = 1,
                                            .feed_last = 0});
    ASSERT_TRUE(recovered) << recovered.error().message;
    EXPECT_EQ(recovered->replayed, log.end());
  }
  EXPECT_EQ(Rows(Path("files")), RowsFromZero(log));
}

// Two flushes a round: with more, a compaction would take files away while they are copied.
TEST_F(StoreTest, KilledAfterAnyFlushItRecoversToTheSame) {
  for (uint64_t round = 1; round <= 4; ++round) {
    const std::string live = "live-" + std::to_string(round);
    TestLog log(LampKinds());
    auto store = Open(live);
    std::map<std::string, uint64_t> flushed;
    for (uint64_t batch = 0; batch < 8; ++batch) {
      Work(log, 5, 100 * round + batch);
      ApplyAll(*store, log);
      if (batch == 0 || batch == round + 1) {
        ASSERT_TRUE(store->Flush());
      }
      flushed[Killed(live, fmt::format("killed-{}-{}", round, batch))] =
          batch <= round ? 6 : 1 + 5 * (round + 2);
    }
    const auto expected = RowsFromZero(log);
    for (const auto& [name, position] : flushed) {
      {
        auto reopened = Open(name);
        EXPECT_EQ(rebuilt_, "");
        EXPECT_EQ(reopened->NextSequence(), position) << name;
        const auto recovered =
            Recover(*reopened, {.read = log.Reader(), .end_sequence = log.end()});
        ASSERT_TRUE(recovered) << recovered.error().message;
        EXPECT_FALSE(recovered->rebuilt);
      }
      EXPECT_EQ(Rows(Path(name)), expected) << name;
    }
  }
}

TEST_F(StoreTest, LoadGivesWhatWasApplied) {
  TestLog log(LampKinds());
  log.Send(Lamp(1), LampApply{.spec = {.color = "red", .room = "hall"}});
  for (int i = 0; i < 5; ++i) log.Send(Lamp(1), PressLamp{});
  auto store = Open("live");
  ApplyAll(*store, log);
  const auto loaded = store->Load({"lamp", "default", "lamp-1"});
  ASSERT_TRUE(loaded);
  const auto& lamp = static_cast<const sluice::Lamp&>(*loaded->state);
  EXPECT_EQ(lamp.version, 6u);
  EXPECT_EQ(lamp.status.presses, 5u);
  EXPECT_EQ(loaded->sequence, log.end() - 1);
  EXPECT_EQ(lamp.items.Scan<PressItem>(LampMachine::kPresses, "", 10).size(), 3u);
  EXPECT_FALSE(lamp.items.Has(LampMachine::kPresses, BigEndianKey(2)));
  EXPECT_TRUE(lamp.items.Has(LampMachine::kPresses, BigEndianKey(5)));

  const auto never = store->Load({"lamp", "default", "never"});
  ASSERT_TRUE(never);
  EXPECT_EQ(never->state->version, 0u);
  EXPECT_FALSE(never->state->Exists());
  EXPECT_EQ(store->Load({"unicorn", "default", "x"}).error().code, ErrorCode::kInvalid);
}

TEST_F(StoreTest, ScanTimersGivesThoseArmed) {
  TestLog log(LampKinds());
  for (int i : {1, 2}) log.Send(Lamp(i), LampApply{});
  log.Send(Lamp(1), PressLamp{});
  const Time pressed = log.now();
  log.Send(Lamp(2), PressLamp{});
  auto store = Open("live");
  ApplyAll(*store, log);
  log.Send(Lamp(2), PressLamp{});
  ApplyAll(*store, log);
  std::vector<std::string> timers;
  ASSERT_TRUE(store->ScanTimers([&](Time due, std::string_view entity, std::string_view id) {
    EXPECT_EQ(due, pressed + Duration::Minutes(5));
    timers.push_back(std::string(entity) + " " + std::string(id));
  }));
  EXPECT_EQ(timers, std::vector<std::string>{"lamp/default/lamp-1 off"});
}

TEST_F(StoreTest, CommandsAreRememberedForTheWindow) {
  TestLog log(LampKinds());
  const uint64_t sequence = log.Send(Lamp(1), LampApply{}, "first");
  log.Send("lamp/default/absent", PressLamp{}, "refused");
  auto store = Open("live");
  ApplyAll(*store, log);
  auto found = store->FindCommand(Lamp(1), "first", nullptr);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->sequence, sequence);
  EXPECT_FALSE(store->FindCommand(Lamp(1), "second", nullptr)->has_value());
  EXPECT_FALSE(store->FindCommand("lamp/default/absent", "refused", nullptr)->has_value());

  log.Advance(Duration::Hours(25));
  log.Send(Lamp(1), PressLamp{});
  ApplyAll(*store, log);
  found = store->FindCommand(Lamp(1), "first", nullptr);
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST_F(StoreTest, CountsFollowThePhase) {
  TestLog log(LampKinds());
  for (int i : {1, 2, 3}) log.Send(Lamp(i), LampApply{});
  log.Send(Lamp(1), PressLamp{});
  log.Send(Lamp(3), Delete{});
  const Counts::Key off{"lamp", static_cast<uint8_t>(LampPhase::kOff)};
  const Counts::Key on{"lamp", static_cast<uint8_t>(LampPhase::kOn)};
  {
    auto store = Open("live");
    ApplyAll(*store, log);
    EXPECT_EQ(store->CountsByPhase()[off], 1u);
  }
  auto reopened = Open("live");
  EXPECT_EQ(reopened->CountsByPhase()[off], 1u);
  EXPECT_EQ(reopened->CountsByPhase()[on], 1u);
}

TEST_F(StoreTest, IndexesGiveWhatIsThereNow) {
  TestLog log(LampKinds());
  for (int i : {1, 2, 3}) {
    log.Send(Lamp(i), LampApply{.spec = {.color = i == 2 ? "red" : "blue", .room = "hall"},
                                .labels = {{"size", i == 3 ? "big" : "small"}}});
  }
  log.Send("lamp/default-x/a", LampApply{});
  log.Send(Lamp(1), PressLamp{});
  auto store = Open("live");
  ApplyAll(*store, log);
  log.Send(Lamp(2), Delete{});
  ApplyAll(*store, log);

  const auto view = store->View();
  const auto scan = [&](const std::string& rows, const std::string& after = "") {
    std::string found;
    EXPECT_TRUE(view->ScanEntities(rows, after, [&](std::string_view entity) {
      found += std::string(entity) + " ";
      return true;
    }));
    return found;
  };
  EXPECT_EQ(scan(store::LiveRows("lamp", "default")), Lamp(1) + " " + Lamp(3) + " ");
  EXPECT_EQ(scan(store::LiveRows("lamp", {})), Lamp(1) + " " + Lamp(3) + " lamp/default-x/a ");
  EXPECT_EQ(scan(store::LiveRows("lamp", {}), Lamp(1)), Lamp(3) + " lamp/default-x/a ");
  EXPECT_EQ(scan(store::LabelRows("lamp", "size", "small")), Lamp(1) + " ");
  EXPECT_EQ(scan(store::LabelRows("lamp", "size", "big"), Lamp(1)), Lamp(3) + " ");
  EXPECT_EQ(scan(store::MachineRows("lamp", "color", "blue")), Lamp(1) + " " + Lamp(3) + " ");
  size_t actions = 0;
  EXPECT_TRUE(view->ScanActions("default/hall", "", [&](auto, const store::ActionRow& row) {
    EXPECT_EQ(row.entity, Lamp(1));
    EXPECT_EQ(row.action.verb, "Shine");
    EXPECT_EQ(row.action.generation, 1);
    ++actions;
    return true;
  }));
  EXPECT_EQ(actions, 1u);
}

TEST_F(StoreTest, AViewStaysAsItWas) {
  TestLog log(LampKinds());
  log.Send(Lamp(1), LampApply{});
  auto store = Open("live");
  ApplyAll(*store, log);
  const auto view = store->View();
  log.Send(Lamp(1), PressLamp{});
  ApplyAll(*store, log);
  EXPECT_EQ((*view->Get(Lamp(1)))->version, 1u);
  EXPECT_EQ(*view->NextSequence(), log.end() - 1);
  EXPECT_EQ((*store->View()->Get(Lamp(1)))->version, 2u);
}

TEST_F(StoreTest, HistoryHoldsRefusalsToo) {
  TestLog log(LampKinds());
  std::vector<uint64_t> expected;
  auto store = Open("live");
  for (int i = 0; i < 20; ++i) {
    if (i == 3) {
      expected.push_back(log.Send(Lamp(1), LampApply{}));
    } else {
      expected.push_back(log.Send(Lamp(1), PressLamp{}));
    }
    log.Send(Lamp(2), PressLamp{});
    if (i % 3 == 0) ApplyAll(*store, log);
  }
  ApplyAll(*store, log);
  const auto view = store->View();
  EXPECT_EQ(*view->History(Lamp(1), 0, 100), expected);
  for (size_t from = 0; from < expected.size(); ++from) {
    const auto page = *view->History(Lamp(1), expected[from], 3);
    for (size_t i = 0; i < page.size(); ++i) EXPECT_EQ(page[i], expected[from + i]);
    EXPECT_EQ(page.size(), std::min<size_t>(3, expected.size() - from));
  }
  EXPECT_TRUE(view->History("lamp/default/never", 0, 5)->empty());
}

}  // namespace
}  // namespace sluice
