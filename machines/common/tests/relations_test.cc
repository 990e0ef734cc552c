// What every kind does alike: Apply, Delete, Annotate, observers and their fan-out.
#include <gtest/gtest.h>

#include "engine/tests/widget.h"
#include "machines/common/fan_out.h"
#include "machines/common/testing/world.h"

namespace sluice {
namespace {

constexpr std::string_view kSubject = "widget/default/a";

class RelationsTest : public ::testing::Test {
 protected:
  RelationsTest() { kinds_.Add(WidgetKind()); }
  const Widget& widget(std::string_view entity = kSubject) { return world_.As<Widget>(entity); }
  Decision Apply(WidgetApply apply = {}) {
    return world_.SendAndSettle(kSubject, std::move(apply));
  }
  // Watched by so many, all existing.
  void WatchBy(size_t observers) {
    for (size_t i = 0; i < observers; ++i) {
      const std::string name = fmt::format("widget/default/w{:04}", i);
      world_.SendFrom(name, kSubject, Observe{.observer = name});
    }
    world_.Settle();
  }
  // Whom the decisions from `first` on told of the subject, and at which total.
  std::map<std::string, std::vector<std::string>> Told(size_t first) {
    std::map<std::string, std::vector<std::string>> told;
    for (size_t i = first; i < world_.decisions().size(); ++i) {
      for (const FollowUp& follow_up : world_.decisions()[i].effects.follow_ups) {
        const auto* observed = follow_up.command->payload.As<Observed>();
        if (observed && observed->subject == kSubject) {
          told[follow_up.command->entity].push_back(observed->message);
        }
      }
    }
    return told;
  }

  KindRegistry kinds_;
  testing::World world_{kinds_};
};

TEST_F(RelationsTest, ApplyingWhatIsThereIsNoEvent) {
  WidgetApply apply{.spec = {.color = "red"}, .labels = {{"a", "1"}}, .annotations = {}};
  Apply(apply);
  EXPECT_EQ(widget().metadata.generation, 1);
  EXPECT_TRUE(Apply(apply).events.empty());
  EXPECT_EQ(widget().version, 1u);
}

TEST_F(RelationsTest, OnlyTheSpecMovesTheGeneration) {
  Apply({.spec = {.color = "red"}, .labels = {}, .annotations = {}});
  Apply({.spec = {.color = "red"}, .labels = {{"a", "1"}}, .annotations = {}});
  EXPECT_EQ(widget().metadata.generation, 1);
  EXPECT_EQ(widget().version, 2u);
  // Both at once are one decision and one version.
  Apply({.spec = {.color = "blue"}, .labels = {}, .annotations = {}});
  EXPECT_EQ(widget().metadata.generation, 2);
  EXPECT_EQ(widget().version, 3u);
  world_.SendAndSettle(kSubject, AddAmount{.amount = 1});
  EXPECT_EQ(widget().metadata.generation, 2);
}

TEST_F(RelationsTest, DeletingWhatIsNotThereIsNoEvent) {
  EXPECT_TRUE(world_.Send(kSubject, Delete{}).events.empty());
  Apply();
  EXPECT_EQ(world_.Send(kSubject, Delete{.expected_uid = "another"}).rejection->code,
            RejectionCode::kFailedPrecondition);
  world_.Send(kSubject, Delete{.expected_uid = widget().metadata.uid});
  EXPECT_FALSE(world_.Exists(kSubject));
  EXPECT_TRUE(world_.Send(kSubject, Delete{}).events.empty());
}

TEST_F(RelationsTest, AnnotateMeansOneIncarnation) {
  Apply({.spec = {}, .labels = {{"a", "1"}, {"b", "2"}}, .annotations = {}});
  const std::string uid = widget().metadata.uid;
  const Annotate merge{.labels = {{"a", ""}, {"c", "3"}}, .annotations = {}, .expected_uid = uid};
  world_.SendFrom("widget/default/b", kSubject, merge);
  EXPECT_EQ(widget().metadata.labels, (std::map<std::string, std::string>{{"b", "2"}, {"c", "3"}}));
  EXPECT_TRUE(world_.SendFrom("widget/default/b", kSubject, merge).events.empty());
  Annotate stale = merge;
  stale.expected_uid = "another";
  EXPECT_EQ(world_.SendFrom("widget/default/b", kSubject, stale).verdict, Verdict::kIgnored);
}

TEST_F(RelationsTest, WhatIsNotThereYetIsObservedAbsentAndKeepsItsObservers) {
  world_.SendFrom("widget/default/b", kSubject, Observe{.observer = "widget/default/b"});
  const auto* absent =
      world_.decisions().back().effects.follow_ups.at(0).command->payload.As<Observed>();
  ASSERT_NE(absent, nullptr);
  EXPECT_EQ(absent->phase, "Absent");
  EXPECT_EQ(widget().version, 0u);  // bookkeeping beside the object
  const size_t first = world_.decisions().size();
  Apply();
  world_.SendAndSettle(kSubject, Delete{});
  Apply();
  EXPECT_EQ(Told(first)["widget/default/b"].size(), 3u);
}

TEST_F(RelationsTest, AChangeOfVersionAloneIsNotTold) {
  Apply();
  WatchBy(1);
  const size_t first = world_.decisions().size();
  world_.SendAndSettle(kSubject, SetFaulty{.faulty = true});
  EXPECT_TRUE(Told(first).empty());
}

TEST_F(RelationsTest, AFanOutReachesEveryoneWithTheStateOfTheMoment) {
  constexpr size_t kWatching = 2 * kObserversPerDecision + 50;
  Apply();
  WatchBy(kWatching);
  const size_t first = world_.decisions().size();
  world_.Send(kSubject, AddAmount{.amount = 1});
  EXPECT_TRUE(widget().relations.fan_out_running);
  world_.Send(kSubject, AddAmount{.amount = 1});  // while it runs
  EXPECT_TRUE(widget().relations.fan_out_dirty);
  // One joins and one leaves on the way.
  world_.SendFrom("widget/default/w9999", kSubject, Observe{.observer = "widget/default/w9999"});
  world_.SendFrom("widget/default/w0449", kSubject, Unobserve{.observer = "widget/default/w0449"});
  world_.Settle();
  EXPECT_FALSE(widget().relations.fan_out_running);
  EXPECT_FALSE(widget().relations.fan_out_dirty);
  const auto told = Told(first);
  EXPECT_EQ(told.size(), kWatching);  // one more, one less
  EXPECT_FALSE(told.contains("widget/default/w0449"));
  for (const auto& [observer, messages] : told) {
    EXPECT_EQ(messages.back(), "2") << observer;
    EXPECT_TRUE(std::is_sorted(messages.begin(), messages.end())) << observer;
  }
}

TEST_F(RelationsTest, AFanOutGoesOnPastTheEndOfItsSubject) {
  Apply();
  WatchBy(kObserversPerDecision + 50);
  world_.Send(kSubject, AddAmount{.amount = 1});
  const size_t first = world_.decisions().size();
  world_.SendAndSettle(kSubject, Delete{});
  EXPECT_EQ(Told(first).size(), kObserversPerDecision + 50);
}

}  // namespace
}  // namespace sluice
