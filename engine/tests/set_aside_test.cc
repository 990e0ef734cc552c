// Entities set aside after a broken invariant: nothing is lost, nothing else stops (I11).
#include "engine/tests/engine_fixture.h"
#include "events/codec.h"

namespace sluice {
namespace {

using SetAsideTest = EngineTest;

TEST_F(SetAsideTest, ABrokenInvariantSetsOneEntityAsideAndNothingIsLost) {
  Create("widget/default/a");
  Create("widget/default/b");
  cluster_->Decide("widget/default/b", SetFaulty{.faulty = true});
  cluster_->Decide("widget/default/a", Tell{.target = "widget/default/b", .times = 3});
  EXPECT_EQ(widget("widget/default/b").status.heard, 0);
  // Users are told; others go on.
  const Decision refused = cluster_->Decide("widget/default/b", AddAmount{.amount = 1});
  EXPECT_EQ(refused.rejection->code, RejectionCode::kQuarantined);
  EXPECT_EQ(cluster_->Decide("widget/default/a", AddAmount{.amount = 1}).verdict,
            Verdict::kAccepted);
  // Released without a mend, the first fails again and stays the first.
  cluster_->Decide("widget/default/b", Release{});
  EXPECT_EQ(cluster_->Decide("widget/default/b", AddAmount{.amount = 1}).rejection->code,
            RejectionCode::kQuarantined);
  // Across a crash it is still set aside.
  cluster_->Crash(0);
  Reopen();
  EXPECT_EQ(cluster_->Decide("widget/default/b", AddAmount{.amount = 1}).rejection->code,
            RejectionCode::kQuarantined);
  // Skipping drops one at a time: the other two fail in turn, then it is free.
  cluster_->Decide("widget/default/b", Release{.skip = true});
  cluster_->Decide("widget/default/b", Release{.skip = true});
  cluster_->Decide("widget/default/b", Release{.skip = true});
  EXPECT_EQ(cluster_->Decide("widget/default/b", AddAmount{.amount = 1}).verdict,
            Verdict::kAccepted);
}

TEST_F(SetAsideTest, AnEdgeThatIsNotInTheTableIsABrokenInvariant) {
  Create("widget/default/a");
  const Decision broken = cluster_->Decide("widget/default/a", BreakTable{});
  EXPECT_EQ(broken.rejection->code, RejectionCode::kQuarantined);
  EXPECT_NE(broken.rejection->message.find("I6"), std::string::npos);
  cluster_->Decide("widget/default/a", Release{});
  EXPECT_EQ(cluster_->Decide("widget/default/a", AddAmount{.amount = 1}).verdict,
            Verdict::kAccepted);
}

TEST_F(SetAsideTest, ATimerOfAnEntitySetAsideWaits) {
  Create("widget/default/a");
  cluster_->Decide("widget/default/a", Arm{.after = Duration::Seconds(5)});
  cluster_->Decide("widget/default/a", BreakTable{});
  cluster_->clock().Advance(Duration::Seconds(10));
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(widget("widget/default/a").status.rings, 0);
  cluster_->Decide("widget/default/a", Release{});
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(widget("widget/default/a").status.rings, 1);
}

TEST_F(SetAsideTest, ATimerOverTheBoundSetsItsEntityAsideAndIsParked) {
  Create("widget/default/a");
  cluster_->Decide("widget/default/a", Arm{.after = Duration::Seconds(5), .timer = "swell"});
  cluster_->clock().Advance(Duration::Seconds(10));
  ASSERT_TRUE(cluster_->Run().has_value());
  const auto log = cluster_->Log(cluster_->PartitionOf("widget/default/a"));
  EXPECT_EQ(log.back().decision->verdict, Verdict::kParked);
  EXPECT_TRUE(widget("widget/default/a").relations.timers.empty());
  EXPECT_EQ(cluster_->Decide("widget/default/a", AddAmount{.amount = 1}).rejection->code,
            RejectionCode::kQuarantined);
}

TEST_F(SetAsideTest, ATimerMovedByAParkedCommandFiresAtItsNewTime) {
  Create("widget/default/a");
  Create("widget/default/b");
  cluster_->Decide("widget/default/a", Arm{.after = Duration::Seconds(5)});
  cluster_->Decide("widget/default/a", BreakTable{});
  cluster_->Decide("widget/default/b",
                   Tell{.target = "widget/default/a", .times = 2, .rearm = Duration::Seconds(100)});
  cluster_->clock().Advance(Duration::Seconds(10));
  ASSERT_TRUE(cluster_->Run().has_value());  // the timer is due and waits
  cluster_->Decide("widget/default/a", Release{});
  EXPECT_EQ(widget("widget/default/a").status.heard, 2);
  EXPECT_EQ(widget("widget/default/a").status.rings, 0);
  cluster_->clock().Advance(Duration::Seconds(200));
  ASSERT_TRUE(cluster_->Run().has_value());
  EXPECT_EQ(widget("widget/default/a").status.rings, 1);
}

TEST_F(SetAsideTest, WhoeverWaitsForADroppedCommandHearsOfIt) {
  Create("widget/default/a");
  Create("widget/default/b");
  cluster_->Decide("widget/default/a", BreakTable{});
  cluster_->Decide("widget/default/b", Tell{.target = "widget/default/a", .times = 1});
  cluster_->Decide("widget/default/b", Ask{.target = "widget/default/a"}, "q-1");
  cluster_->Decide("widget/default/a", Release{.skip = true});
  EXPECT_EQ(widget("widget/default/a").status.heard, 0);
  EXPECT_EQ(widget("widget/default/b").status.outcomes, std::vector<std::string>{"1 Quarantined"});
  const auto remembered = cluster_->store(cluster_->PartitionOf("widget/default/b"))
                              .FindCommand("widget/default/b", "q-1", nullptr);
  EXPECT_TRUE((*remembered)->answered_by.has_value());
}

TEST_F(SetAsideTest, AllWhoWatchHearOfItAndOfTheRelease) {
  Create("widget/default/a");
  constexpr size_t kWatching = kObserversPerDecision + 50;
  for (size_t i = 0; i < kWatching; ++i) {
    const std::string name = fmt::format("widget/default/w{}", i);
    Create(name);
    cluster_->Decide(name, Watch{.subject = "widget/default/a"});
  }
  const auto count_told = [&](std::string_view entity, const Decision& decision) {
    size_t told = 0;
    for (const FollowUp& follow_up : decision.effects.follow_ups) {
      const auto* observed = follow_up.command->payload.As<Observed>();
      told += observed && observed->subject == entity ? 1 : 0;
    }
    return told;
  };
  const Decision broken = cluster_->Decide("widget/default/a", BreakTable{});
  EXPECT_EQ(count_told("widget/default/a", broken), kWatching);
  const Decision released = cluster_->Decide("widget/default/a", Release{});
  EXPECT_EQ(count_told("widget/default/a", released), kWatching);
}

// Items that cannot be read, over a store that is otherwise well.
class UnreadableItems final : public ItemSource {
 public:
  std::optional<Bytes> Get(const ItemKey&) const override { throw LoadFailure("unreadable"); }
  void Scan(CollectionId, std::string_view,
            const std::function<bool(std::string_view, std::string_view)>&) const override {
    throw LoadFailure("unreadable");
  }
};

class UnreadableStore final : public StateStore {
 public:
  explicit UnreadableStore(StateStore& store) : store_(store) {}
  const PartitionState& applied() const override { return store_.applied(); }
  Result<LoadedEntity> Load(const EntityKey& key) override {
    auto loaded = store_.Load(key);
    if (loaded) loaded->state->items.set_source(&items_);
    return loaded;
  }
  std::shared_ptr<const ItemSource> ItemsOf(const EntityKey&) override {
    return std::make_shared<UnreadableItems>();
  }
  Result<std::optional<RememberedCommand>> FindCommand(std::string_view entity, std::string_view id,
                                                       const StoredForm* stored) override {
    return store_.FindCommand(entity, id, stored);
  }
  Result<void> ScanTimers(const TimerVisitor& visit) override { return store_.ScanTimers(visit); }
  Result<void> ScanMarked(const MarksVisitor& visit) override { return store_.ScanMarked(visit); }
  Result<void> Apply(const AppliedBatch& batch) override { return store_.Apply(batch); }

 private:
  StateStore& store_;
  UnreadableItems items_;
};

TEST_F(SetAsideTest, ObserversThatCannotBeReadEndTheTermAndRecordNothing) {
  Create("widget/default/a");
  Create("widget/default/b");
  // Of an entity without items nothing is read.
  cluster_->Decide("widget/default/b", Watch{.subject = "widget/default/a"});
  const uint32_t home = cluster_->PartitionOf("widget/default/a");
  UnreadableStore store(cluster_->store(home));
  auto term = cluster_->journal().OpenPartition(home);
  Decider decider(kinds_, store, **term, cluster_->clock(), {});
  ASSERT_TRUE(decider.Start().has_value());
  decider.StageOpened(cluster_->journal().epoch(), 3);
  const size_t staged = decider.batch().commit.records.size();
  Command command;
  command.entity = "widget/default/a";
  command.payload = AnyTable::Of(BreakTable{});
  InputRecord record;
  record.offset = decider.state().next_commands;
  record.timestamp = cluster_->clock().Now();
  record.payload = Pack(command);
  const Result<void> decided = decider.DecideRecord(std::move(record));
  ASSERT_FALSE(decided.has_value());
  EXPECT_EQ(decided.error().code, ErrorCode::kIo);
  EXPECT_EQ(decider.batch().commit.records.size(), staged);
}

}  // namespace
}  // namespace sluice
