// Watches over real projections: no gap, no repeat, whatever the moment a client goes on from.
#include "service/node_watch.h"

#include <gtest/gtest.h>

#include <set>

#include "projections/tests/store_fixture.h"

namespace sluice::service {
namespace {

using testing::StoreTest;
using testing::TestLog;

class NodeWatchTest : public StoreTest {
 protected:
  NodeWatchTest() {
    for (uint32_t partition : {0u, 1u}) {
      logs_.push_back(std::make_unique<TestLog>(LampKinds(), partition));
      StoreOptions options;
      options.path = Path("partition-" + std::to_string(partition));
      options.partition = partition;
      options.kinds = &LampKinds();
      options.feed = &feed_;
      stores_.push_back(*PartitionStore::Open(std::move(options)));
    }
    QueryOptions options;
    options.kinds = &LampKinds();
    for (const auto& store : stores_) options.stores.push_back(store.get());
    options.partition_of = &PartitionOf;
    queries_ = std::make_unique<Queries>(std::move(options));
  }

  static uint32_t PartitionOf(std::string_view entity) {
    return static_cast<uint32_t>(entity.back()) % 2;
  }
  template <class C>
  void Send(int number, C command) {
    const std::string lamp = Lamp(number);
    const uint32_t partition = PartitionOf(lamp);
    logs_[partition]->Send(lamp, std::move(command));
    ASSERT_TRUE(stores_[partition]->Apply(logs_[partition]->TakeBatch()));
  }
  std::unique_ptr<Subscription> Watch(std::string from, std::string label = "") {
    WatchQuery query;
    query.kind = "lamp";
    query.resource_version = std::move(from);
    if (!label.empty()) query.filter.labels = *ParseLabelSelector(label);
    auto watch = WatchObjects(*queries_, feed_, LampKind(), query, [this] { ++wakes_; });
    EXPECT_TRUE(watch) << watch.error().message;
    return watch ? std::move(*watch) : nullptr;
  }
  // "ADDED lamp-1 v1", until there is nothing more; the versions they carry go to `versions_`.
  std::vector<std::string> Drain(Subscription& watch, size_t max = 2) {
    std::vector<std::string> seen;
    while (true) {
      const auto events = watch.Poll(max);
      EXPECT_TRUE(events) << events.error().message;
      if (!events || events->empty()) return seen;
      EXPECT_LE(events->size(), max);
      for (const WatchEvent& event : *events) {
        const char* types[] = {"ADDED", "MODIFIED", "DELETED"};
        seen.push_back(fmt::format("{} {} v{}", types[static_cast<int>(event.type)],
                                   event.object.key.name, event.object.version));
        versions_.push_back(event.resource_version);
      }
    }
  }

  ChangeFeed feed_{2, 1 << 20};
  std::vector<std::unique_ptr<TestLog>> logs_;
  std::vector<std::unique_ptr<PartitionStore>> stores_;
  std::unique_ptr<Queries> queries_;
  std::vector<std::string> versions_;
  int wakes_ = 0;
};

TEST_F(NodeWatchTest, BeginsWithWhatIsThereAndGoesOn) {
  for (int i : {1, 2, 3}) Send(i, LampApply{});
  auto watch = Watch("");
  Send(2, PressLamp{});
  EXPECT_EQ(Drain(*watch), (std::vector<std::string>{"ADDED lamp-1 v1", "ADDED lamp-2 v1",
                                                     "ADDED lamp-3 v1", "MODIFIED lamp-2 v2"}));
  wakes_ = 0;
  Send(1, Delete{});
  EXPECT_GT(wakes_, 0);
  EXPECT_EQ(Drain(*watch), std::vector<std::string>{"DELETED lamp-1 v2"});
}

TEST_F(NodeWatchTest, AClientCutOffDuringTheFirstPartMissesNothing) {
  for (int i : {1, 2, 3}) Send(i, LampApply{});
  auto watch = Watch("0");
  EXPECT_EQ(watch->Position(), "0");
  const auto first = *watch->Poll(1);
  ASSERT_EQ(first.size(), 1u);
  // Goes on from what the first event said: everything is there again.
  EXPECT_EQ(Drain(*Watch(first[0].resource_version)).size(), 3u);
  Drain(*watch);
  EXPECT_TRUE(Drain(*Watch(watch->Position())).empty());
  EXPECT_TRUE(Drain(*Watch(versions_.back())).empty());
}

TEST_F(NodeWatchTest, GoesOnFromAnyEventWithoutGapOrRepeat) {
  Send(1, LampApply{});
  auto watch = Watch("");
  Drain(*watch);
  const std::string start = watch->Position();
  for (int i = 0; i < 6; ++i) {
    Send(1 + i % 3, LampApply{});
    Send(1 + i % 3, PressLamp{});
  }
  versions_.clear();
  auto resumed = Watch(start);
  const auto all = Drain(*resumed);
  const std::vector<std::string> versions = versions_;
  const std::set<std::string> unique(all.begin(), all.end());
  EXPECT_EQ(unique.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    std::multiset<std::string> rest(all.begin() + static_cast<ptrdiff_t>(i) + 1, all.end());
    const auto again = Drain(*Watch(versions[i]));
    EXPECT_EQ(std::multiset<std::string>(again.begin(), again.end()), rest);
  }
}

TEST_F(NodeWatchTest, FilteredChangesCarryWhatWasBefore) {
  Send(1, LampApply{.labels = {{"size", "big"}}});
  auto watch = Watch("", "size=big");
  Drain(*watch);
  Send(1, LampApply{.labels = {{"size", "small"}}});
  const auto events = *watch->Poll(10);
  ASSERT_EQ(events.size(), 1u);
  ASSERT_TRUE(events[0].before);
  EXPECT_NE(events[0].before->find("big"), std::string::npos);
}

TEST_F(NodeWatchTest, ChangesOfOthersDoNotHideWhatFollows) {
  Send(1, LampApply{});
  auto watch = Watch("");
  Drain(*watch);
  WatchQuery query;
  query.kind = "lamp";
  query.namespace_ = "elsewhere";
  query.resource_version = watch->Position();
  auto elsewhere = *WatchObjects(*queries_, feed_, LampKind(), query, [] {});
  for (int i = 0; i < 200; ++i) Send(1, PressLamp{});
  logs_[1]->Send("lamp/elsewhere/x1", LampApply{});
  ASSERT_TRUE(stores_[1]->Apply(logs_[1]->TakeBatch()));
  EXPECT_EQ(Drain(*elsewhere), std::vector<std::string>{"ADDED x1 v1"});
}

TEST_F(NodeWatchTest, TooOldIsExpired) {
  Send(1, LampApply{});
  WatchQuery query;
  query.kind = "lamp";
  query.resource_version = "v0.0";
  feed_.Skip(1, logs_[1]->end());
  const auto refused = WatchObjects(*queries_, feed_, LampKind(), query, [] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 410);
  query.resource_version = "nonsense";
  EXPECT_EQ(WatchObjects(*queries_, feed_, LampKind(), query, [] {}).error().code, 400);
}

TEST_F(NodeWatchTest, ActionsBeginChangeAndEnd) {
  Send(1, LampApply{.spec = {.color = "red", .room = "hall"}});
  Send(1, PressLamp{});
  ActionQuery query;
  query.location = "default/hall";
  auto watch = *WatchPendingActions(*queries_, feed_, query, [] {});
  const auto poll = [&] {
    std::vector<WatchEvent::Type> types;
    const auto events = watch->Poll(10);
    EXPECT_TRUE(events);
    for (const WatchEvent& event : *events) types.push_back(event.type);
    return types;
  };
  using Type = WatchEvent::Type;
  EXPECT_EQ(poll(), std::vector<Type>{Type::kAdded});
  Send(1, LampApply{.spec = {.color = "blue", .room = "hall"}});
  EXPECT_EQ(poll(), std::vector<Type>{Type::kModified});
  Send(1, LampApply{.spec = {.color = "blue", .room = "attic"}});
  EXPECT_EQ(poll(), std::vector<Type>{Type::kDeleted});
  EXPECT_TRUE(poll().empty());
}

TEST_F(NodeWatchTest, AReaderWaitsUntilItsPositionIsThere) {
  Send(1, LampApply{});
  bool done = false;
  EXPECT_EQ(WhenCovered(feed_, DecisionPosition{1, 0}, [&](auto) { done = true; }), nullptr);
  EXPECT_TRUE(done);
  int told = 0;
  std::unique_ptr<Registration> waiting;
  waiting = WhenCovered(feed_, Coverage{0, logs_[1]->end() + 1}, [&](auto) {
    ++told;
    waiting.reset();
  });
  ASSERT_NE(waiting, nullptr);
  Send(1, PressLamp{});
  Send(1, PressLamp{});
  EXPECT_EQ(told, 1);
  auto forgotten = WhenCovered(feed_, DecisionPosition{0, 99}, [&](auto) { ++told; });
  forgotten.reset();
  for (int i = 0; i < 100; ++i) Send(2, LampApply{});
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace sluice::service
