#include "projections/change_feed.h"

#include <gtest/gtest.h>

#include "projections/object_text.h"
#include "projections/tests/store_fixture.h"

namespace sluice {
namespace {

using testing::StoreTest;
using testing::TestLog;

Change MakeChange(uint64_t sequence, size_t bytes = 10) {
  Change change;
  change.sequence = sequence;
  change.what = Change::What::kModified;
  change.after = std::make_shared<const Bytes>(bytes, 'x');
  return change;
}

std::vector<Change> Changes(std::vector<uint64_t> sequences) {
  std::vector<Change> changes;
  for (const uint64_t sequence : sequences) changes.push_back(MakeChange(sequence));
  return changes;
}

// Sequences read from `*from` on, and the cursor moved.
std::vector<uint64_t> ReadFrom(const ChangeFeed& feed, uint64_t* from, size_t max = 100) {
  std::vector<std::shared_ptr<const Change>> changes;
  const auto next = feed.Read(0, *from, max, &changes);
  EXPECT_TRUE(next);
  *from = *next;
  std::vector<uint64_t> sequences;
  for (const auto& change : changes) sequences.push_back(change->sequence);
  return sequences;
}

TEST(ChangeFeed, AReaderSeesEveryChangeOnce) {
  ChangeFeed feed(1, 1 << 20);
  feed.Publish(0, Changes({0, 2, 3}), 5);
  uint64_t from = 0;
  EXPECT_EQ(ReadFrom(feed, &from, 2), (std::vector<uint64_t>{0, 2}));
  EXPECT_EQ(ReadFrom(feed, &from, 2), (std::vector<uint64_t>{3}));
  EXPECT_EQ(from, 5u);
  EXPECT_TRUE(ReadFrom(feed, &from).empty());
  feed.Publish(0, {}, 8);
  EXPECT_TRUE(ReadFrom(feed, &from).empty());
  EXPECT_EQ(from, 8u);
  feed.Publish(0, Changes({8}), 9);
  EXPECT_EQ(ReadFrom(feed, &from), std::vector<uint64_t>{8});
}

TEST(ChangeFeed, AReaderAheadOfTheFeedWaits) {
  ChangeFeed feed(1, 1 << 20);
  feed.Publish(0, Changes({0}), 1);
  uint64_t from = 3;
  EXPECT_TRUE(ReadFrom(feed, &from).empty());
  EXPECT_EQ(from, 3u);
  feed.Publish(0, Changes({1, 2, 3}), 4);
  EXPECT_EQ(ReadFrom(feed, &from), std::vector<uint64_t>{3});
}

TEST(ChangeFeed, WhatWasDroppedIsNotSkippedSilently) {
  const size_t one = MakeChange(0, 1000).ByteSize();
  ChangeFeed feed(1, 3 * one);
  for (uint64_t i = 0; i < 10; ++i) {
    std::vector<Change> changes;
    changes.push_back(MakeChange(2 * i, 1000));
    feed.Publish(0, std::move(changes), 2 * i + 2);
  }
  std::vector<std::shared_ptr<const Change>> changes;
  EXPECT_EQ(feed.Read(0, 12, 10, &changes).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(feed.Oldest(), Coverage{13});
  uint64_t from = 13;
  EXPECT_EQ(ReadFrom(feed, &from), (std::vector<uint64_t>{14, 16, 18}));
  feed.Skip(0, 40);
  EXPECT_EQ(feed.Read(0, 39, 10, &changes).error().code, ErrorCode::kNotFound);
}

TEST(ChangeFeed, ListenersHearUntilTheyEnd) {
  ChangeFeed feed(1, 1 << 20);
  int first = 0;
  int second = 0;
  auto one = feed.Listen([&] { ++first; });
  std::unique_ptr<ChangeFeed::Listener> two = feed.Listen([&] {
    ++second;
    two.reset();
  });
  feed.Publish(0, {}, 1);
  feed.Publish(0, {}, 2);
  one.reset();
  feed.Publish(0, {}, 3);
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 1);
}

TEST(ResourceVersion, ReadsWhatItWrites) {
  EXPECT_EQ(std::get<DecisionPosition>(*ParseResourceVersion("1:17", 2)),
            (DecisionPosition{1, 17}));
  EXPECT_EQ(std::get<Coverage>(*ParseResourceVersion(FormatCoverage({3, 0, 9}), 3)),
            (Coverage{3, 0, 9}));
  for (const char* bad :
       {"", "17", "2:0", "1:", "1:2x", "v", "v1", "v1.2.3", "v1.", "-1:0", "v1.x"}) {
    EXPECT_FALSE(ParseResourceVersion(bad, 2)) << bad;
  }
}

class FeedOfStoreTest : public StoreTest {
 protected:
  // "What lamp version phase" per change from `from` on.
  std::vector<std::string> Seen(uint64_t from) {
    std::vector<std::shared_ptr<const Change>> changes;
    EXPECT_TRUE(feed_.Read(0, from, 1000, &changes));
    std::vector<std::string> seen;
    for (const auto& change : changes) {
      const char* whats[] = {"added", "modified", "deleted", "none"};
      std::string text = whats[static_cast<int>(change->what)];
      text += " " + change->entity.substr(change->entity.rfind('/') + 1);
      text += " v" + std::to_string(change->version);
      if (change->before) text += " from " + Phase(*change->before);
      text += " to " + Phase(*change->after);
      text += fmt::format(" -{}+{}", change->actions_ended.size(), change->actions_begun.size());
      seen.push_back(text);
    }
    return seen;
  }
  static std::string Phase(const Bytes& packed) {
    const auto state = UnpackRoot(LampKind(), packed);
    EXPECT_TRUE(state);
    return LampKind().PhaseName(LampKind().phase(**state));
  }
  ChangeFeed feed_{1, 1 << 20};
};

TEST_F(FeedOfStoreTest, ShowsEveryVersionOfABatch) {
  TestLog log(LampKinds());
  auto store = Open("live", &feed_);
  log.Send(Lamp(1), LampApply{});
  log.Send(Lamp(1), PressLamp{});
  log.Send(Lamp(2), PressLamp{});
  ASSERT_TRUE(store->Apply(log.TakeBatch()));
  log.Send(Lamp(1), PressLamp{});
  log.Send(Lamp(1), Delete{});
  log.Send(Lamp(1), LampApply{});
  ASSERT_TRUE(store->Apply(log.TakeBatch()));
  EXPECT_EQ(Seen(0),
            (std::vector<std::string>{
                "added lamp-1 v1 to Off -0+0", "modified lamp-1 v2 from Off to On -0+1",
                "modified lamp-1 v3 from On to Off -0+0",
                "deleted lamp-1 v4 from Off to Deleted -0+0", "added lamp-1 v5 to Off -1+0"}));
  EXPECT_EQ(Seen(3).size(), 3u);
}

TEST_F(FeedOfStoreTest, GoesOnOverARestart) {
  TestLog log(LampKinds());
  uint64_t flushed = 0;
  {
    auto store = Open("live", &feed_);
    log.Send(Lamp(1), LampApply{});
    ASSERT_TRUE(store->Apply(log.TakeBatch()));
    ASSERT_TRUE(store->Flush());
    flushed = log.end();
    Killed("live", "killed");
  }
  log.Send(Lamp(1), PressLamp{});
  log.Send(Lamp(1), PressLamp{});
  auto store = Open("killed", &feed_);
  ASSERT_TRUE(Recover(*store, {.read = log.Reader(), .end_sequence = log.end()}));
  EXPECT_EQ(Seen(flushed), (std::vector<std::string>{"modified lamp-1 v2 from Off to On -0+0",
                                                     "modified lamp-1 v3 from On to Off -0+0"}));
  std::vector<std::shared_ptr<const Change>> changes;
  EXPECT_FALSE(feed_.Read(0, flushed - 1, 1, &changes));
}

TEST_F(FeedOfStoreTest, AfterALongReplayHoldsItsEnd) {
  TestLog log(LampKinds());
  log.Send(Lamp(1), LampApply{});
  for (int i = 0; i < 50; ++i) log.Send(Lamp(1), PressLamp{});
  auto store = Open("live", &feed_);
  ASSERT_TRUE(Recover(*store, {.read = log.Reader(), .end_sequence = log.end(), .feed_last = 10}));
  EXPECT_EQ(feed_.Oldest(), Coverage{log.end() - 9});
  const auto seen = Seen(log.end() - 9);
  EXPECT_EQ(seen.size(), 9u);
  EXPECT_EQ(seen.front().substr(0, 18), "modified lamp-1 v4");
}

}  // namespace
}  // namespace sluice
