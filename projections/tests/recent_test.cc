// What lately happened to an entity: kept in its row, then in rows of its own, and found in both.
#include "projections/recent.h"

#include <gtest/gtest.h>

#include <numeric>

#include "projections/recovery.h"
#include "projections/tests/store_fixture.h"

namespace sluice {
namespace {

using store::kRecentMax;
using store::Recent;
using testing::StoreTest;
using testing::TestLog;

RememberedCommand CommandAt(uint64_t sequence) {
  return {
      .fingerprint = {1, sequence}, .sequence = sequence, .time = Time{1'000 + int64_t(sequence)}};
}

TEST(Recent, GivesDecisionsAwayOnceTheyAreTooMany) {
  Recent recent;
  std::vector<uint64_t> added(kRecentMax);
  std::iota(added.begin(), added.end(), 300);
  for (const uint64_t sequence : added) recent.AddDecision(sequence);
  EXPECT_TRUE(recent.TakeDecisions().empty());
  EXPECT_EQ(recent.decisions(), added);
  recent.AddDecision(1'000'000);
  added.push_back(1'000'000);
  EXPECT_EQ(recent.TakeDecisions(), added);
  EXPECT_TRUE(recent.decisions().empty());
  recent.AddDecision(1'000'001);
  EXPECT_EQ(recent.decisions(), std::vector<uint64_t>{1'000'001});
}

TEST(Recent, GivesCommandsAwayOnceTheyAreTooMany) {
  Recent recent;
  for (uint64_t i = 0; i < kRecentMax; ++i) recent.Remember({i % 3, i}, CommandAt(i));
  EXPECT_TRUE(recent.TakeCommands().empty());
  EXPECT_EQ(recent.Find({2, 5}), CommandAt(5));
  EXPECT_FALSE(recent.Find({2, 6}));
  // In the place of the older one: no more of them.
  RememberedCommand answered = CommandAt(5);
  answered.answered_by = 900;
  answered.reply_deferred = true;
  recent.Remember({2, 5}, answered);
  EXPECT_EQ(recent.Find({2, 5}), answered);
  EXPECT_TRUE(recent.TakeCommands().empty());
  EXPECT_FALSE(recent.taken_until().IsSet());

  recent.Remember({9, 9}, CommandAt(400));
  const Recent::Commands taken = recent.TakeCommands();
  ASSERT_EQ(taken.size(), kRecentMax + 1);
  EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end(),
                             [](const auto& a, const auto& b) { return a.first < b.first; }));
  EXPECT_EQ(recent.taken_until(), CommandAt(400).time);
  EXPECT_FALSE(recent.Find({9, 9}));
}

TEST(Recent, ReadsWhatItWrites) {
  Recent recent;
  std::string bytes;
  recent.Encode(&bytes);
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(*Recent::Decode(bytes), recent);
  for (uint64_t i = 0; i <= kRecentMax; ++i) recent.Remember({i, i}, CommandAt(i));
  ASSERT_FALSE(recent.TakeCommands().empty());
  recent.Remember({7, 7}, CommandAt(1));
  for (const uint64_t sequence : {0u, 1u, 200u}) recent.AddDecision(sequence);
  recent.Encode(&bytes);
  auto read = Recent::Decode(bytes);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, recent);
  read->AddDecision(205);
  EXPECT_EQ(read->decisions(), (std::vector<uint64_t>{0, 1, 200, 205}));
  // Cut where the commands begin, it is one with fewer.
  size_t sound = 0;
  for (size_t size = 1; size < bytes.size(); ++size)
    sound += Recent::Decode(bytes.substr(0, size)) ? 1 : 0;
  EXPECT_EQ(sound, 1u);
}

// Whoever asks has the entity, or nothing of it: what they are told is the same.
class RememberedTest : public StoreTest {
 protected:
  void ExpectKnown(PartitionStore& store, const std::string& id, uint64_t sequence) {
    const LoadedEntity loaded = *store.Load(KeyOrDie(Lamp(1)));
    for (const StoredForm* stored : {static_cast<const StoredForm*>(nullptr),
                                     static_cast<const StoredForm*>(loaded.stored.get())}) {
      const auto found = store.FindCommand(Lamp(1), id, stored);
      ASSERT_TRUE(found && *found) << id;
      EXPECT_EQ((*found)->sequence, sequence) << id;
    }
  }
  void ExpectUnknown(PartitionStore& store, const std::string& id) {
    const LoadedEntity loaded = *store.Load(KeyOrDie(Lamp(1)));
    EXPECT_FALSE(*store.FindCommand(Lamp(1), id, nullptr)) << id;
    EXPECT_FALSE(*store.FindCommand(Lamp(1), id, loaded.stored.get())) << id;
  }
};

TEST_F(RememberedTest, EveryCommandIsFoundWhereverItLies) {
  TestLog log(LampKinds());
  auto store = Open("live");
  std::map<std::string, uint64_t> sent;
  for (size_t i = 0; i < 5 * kRecentMax; ++i) {
    const std::string id = "id-" + std::to_string(i);
    sent[id] = i == 0 ? log.Send(Lamp(1), LampApply{}, id) : log.Send(Lamp(1), PressLamp{}, id);
    if (i % 3 != 2) continue;
    ASSERT_TRUE(store->Apply(log.TakeBatch()));
    for (const auto& [known, sequence] : sent) ExpectKnown(*store, known, sequence);
    ExpectUnknown(*store, "id-" + std::to_string(i + 1));
  }
  store.reset();
  store = Open("live");
  ExpectKnown(*store, "id-0", sent["id-0"]);
}

// More than are recent within one batch: live and in a replay's window.
TEST_F(RememberedTest, ManyInOneBatchAreAllFound) {
  TestLog log(LampKinds());
  std::map<std::string, uint64_t> sent;
  sent["id-0"] = log.Send(Lamp(1), LampApply{}, "id-0");
  for (size_t i = 1; i < 40 * kRecentMax + 5; ++i) {
    const std::string id = "id-" + std::to_string(i);
    sent[id] = log.Send(Lamp(1), PressLamp{}, id);
  }
  auto live = Open("live");
  ASSERT_TRUE(live->Apply(log.TakeBatch()));
  auto replayed = Open("replayed");
  ASSERT_TRUE(Recover(*replayed, {.read = log.Reader(), .end_sequence = log.end()}));
  for (PartitionStore* store : {live.get(), replayed.get()}) {
    for (const auto& [id, sequence] : sent) ExpectKnown(*store, id, sequence);
    ExpectUnknown(*store, "id-another");
    EXPECT_LE(store->Load(KeyOrDie(Lamp(1)))->stored->recent.commands().size(), kRecentMax);
  }
}

TEST_F(RememberedTest, EachIsForgottenAfterItsWindowWhereverItLies) {
  TestLog log(LampKinds());
  auto store = Open("live");
  log.Send(Lamp(1), LampApply{}, "early");
  const uint64_t first = log.Send(Lamp(1), PressLamp{}, "0");
  for (size_t i = 1; i < kRecentMax; ++i) log.Send(Lamp(1), PressLamp{}, std::to_string(i));
  ASSERT_TRUE(store->Apply(log.TakeBatch()));
  log.Advance(Duration::Hours(20));
  const uint64_t late = log.Send(Lamp(1), PressLamp{}, "late");
  ASSERT_TRUE(store->Apply(log.TakeBatch()));
  ExpectKnown(*store, "0", first);
  log.Advance(Duration::Hours(5));
  const uint64_t again = log.Send(Lamp(1), PressLamp{}, "early");
  ASSERT_TRUE(store->Apply(log.TakeBatch()));
  ExpectUnknown(*store, "0");
  ExpectKnown(*store, "late", late);
  ExpectKnown(*store, "early", again);
}

// A decision that changes nothing is remembered, too, and so is one whose entity was never read.
TEST_F(RememberedTest, WhatChangedNothingIsRemembered) {
  TestLog log(LampKinds());
  auto store = Open("live");
  log.Send(Lamp(1), LampApply{}, "made");
  ASSERT_TRUE(store->Apply(log.TakeBatch()));
  const uint64_t version = (*store->View()->Get(Lamp(1)))->version;
  const uint64_t same = log.Send(Lamp(1), LampApply{}, "same");
  ASSERT_TRUE(store->Apply(log.TakeBatch()));
  EXPECT_EQ((*store->View()->Get(Lamp(1)))->version, version);
  ExpectKnown(*store, "same", same);
}

}  // namespace
}  // namespace sluice
