// Conditions, names, retries and stuck deadlines (spec: rules every kind shares).
#include <gtest/gtest.h>

#include "engine/tests/widget.h"
#include "events/sha256.h"
#include "machines/clusterconfig/settings.h"
#include "machines/common/names.h"
#include "machines/common/retry.h"
#include "machines/common/stuck.h"

namespace sluice {
namespace {

constexpr Time kNow{1'790'000'000'000'000};

TEST(Conditions, SettingWhatIsThereIsNoChange) {
  const auto first =
      NextCondition(nullptr, "Ready", ConditionStatus::kTrue, "Up", "all is well", 3, kNow);
  ASSERT_TRUE(first.has_value());
  const Time later = kNow + Duration::Hours(1);
  EXPECT_FALSE(
      NextCondition(&*first, "Ready", ConditionStatus::kTrue, "Up", "all is well", 3, later)
          .has_value());
}

TEST(Conditions, TheTransitionTimeMovesOnlyWhenTheStatusFlips) {
  const auto first = NextCondition(nullptr, "Ready", ConditionStatus::kTrue, "Up", "", 1, kNow);
  const Time later = kNow + Duration::Hours(1);
  for (const auto& changed :
       {NextCondition(&*first, "Ready", ConditionStatus::kTrue, "Fine", "", 1, later),
        NextCondition(&*first, "Ready", ConditionStatus::kTrue, "Up", "why", 1, later),
        NextCondition(&*first, "Ready", ConditionStatus::kTrue, "Up", "", 2, later)}) {
    ASSERT_TRUE(changed.has_value());
    EXPECT_EQ(changed->last_transition_time, kNow);
  }
  EXPECT_EQ(NextCondition(&*first, "Ready", ConditionStatus::kFalse, "Up", "", 1, later)
                ->last_transition_time,
            later);
}

TEST(Conditions, ThereIsOnePerTypeInTheOrderTheyCame) {
  std::vector<Condition> conditions;
  PutCondition(conditions, PendingCondition("B", kNow));
  PutCondition(conditions, PendingCondition("A", kNow));
  Condition replaced = PendingCondition("B", kNow);
  EXPECT_TRUE(IsPendingDefault(replaced));
  replaced.status = ConditionStatus::kTrue;
  PutCondition(conditions, replaced);
  ASSERT_EQ(conditions.size(), 2u);
  EXPECT_EQ(conditions[0].type, "B");
  EXPECT_TRUE(IsTrue(conditions, "B"));
  EXPECT_FALSE(IsTrue(conditions, "A"));
  RemoveCondition(conditions, "B");
  EXPECT_EQ(FindCondition(conditions, "B"), nullptr);
}

TEST(Names, AreDnsLabels) {
  for (const char* good : {"a", "0", "a-b", "x9"}) EXPECT_FALSE(DnsLabelFault(good)) << good;
  for (const char* bad : {"", "-a", "a-", "A", "a.b", "a_b", "\xc3\xa9"}) {
    EXPECT_TRUE(DnsLabelFault(bad)) << bad;
  }
  EXPECT_FALSE(DnsLabelFault(std::string(63, 'a')));
  EXPECT_TRUE(DnsLabelFault(std::string(64, 'a')));
}

TEST(Names, ADerivedNameIsJoinedWhileItFits) {
  EXPECT_EQ(DerivedName({"web", "r1"}), "web-r1");
  const std::string just(60, 'a');
  EXPECT_EQ(DerivedName({just, "bc"}), just + "-bc");   // 63
  const std::string over = DerivedName({just, "bcd"});  // 64
  EXPECT_EQ(over.size(), 63u);
  EXPECT_EQ(over, just.substr(0, 54) + "-" + Sha256Hex(just + "/bcd").substr(0, 8));
}

TEST(Names, AHashTellsPartsApartThatJoinAlike) {
  EXPECT_EQ(DerivedName({"a-b", "c"}), DerivedName({"a", "b-c"}));
  EXPECT_NE(DerivedNameWithHash({"a-b", "c"}), DerivedNameWithHash({"a", "b-c"}));
  EXPECT_EQ(DerivedNameWithHash({"a", "b"}), "a-b-" + Sha256Hex("a/b").substr(0, 8));
}

TEST(Names, ALabelIsMadeOfAnyText) {
  EXPECT_EQ(SanitizeLabel("Team A/web_0."), "team-a-web-0");
  EXPECT_EQ(SanitizeLabel("--"), "");
}

TEST(Retries, DoubleFromTwoSecondsToFiveMinutes) {
  const ClusterConfigSpec settings = DefaultSettings();
  const int64_t seconds[] = {2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
  Retry retry;
  for (size_t i = 0; i < std::size(seconds); ++i) {
    retry = NextRetry(retry, kNow, settings);
    EXPECT_EQ(retry.attempt, i + 1);
    EXPECT_EQ(retry.next_time, kNow + Duration::Seconds(seconds[i]));
  }
}

class Stuck : public ::testing::Test {
 protected:
  Stuck() {
    widget_.metadata.uid = "u";
    widget_.status.phase = WidgetPhase::kIdle;
  }
  // Settles at `now` and keeps what came of it.
  Decided Settle(std::string_view awaited, Time since, Time now) {
    const DecideContext context{.self = {"widget", "default", "a"},
                                .time = now,
                                .origin = {},
                                .actor = "",
                                .sender = "",
                                .partitions = 1,
                                .settings = &settings_};
    Draft<WidgetMachine> draft(widget_, context);
    SettleStuck(draft, awaited, since);
    widget_ = draft.state();
    return draft.Take();
  }
  ClusterConfigSpec settings_ = DefaultSettings();
  Widget widget_;
};

TEST_F(Stuck, SaysWhatIsAwaitedOnceTheDeadlineHasPassed) {
  Settle("its provider", kNow, kNow);
  EXPECT_EQ(ArmedTimer(widget_.relations, kStuckTimer), kNow + Duration::Minutes(10));
  EXPECT_TRUE(Settle("its provider", kNow, kNow + Duration::Minutes(1)).events.empty());
  Settle("its provider", kNow, kNow + Duration::Minutes(10));
  const Condition* stuck = FindCondition(widget_.status.conditions, "Stuck");
  ASSERT_NE(stuck, nullptr);
  EXPECT_EQ(stuck->status, ConditionStatus::kTrue);
  EXPECT_NE(stuck->message.find("its provider since " + FormatTime(kNow)), std::string::npos);
  EXPECT_FALSE(ArmedTimer(widget_.relations, kStuckTimer).IsSet());
  EXPECT_EQ(widget_.status.phase, WidgetPhase::kIdle);  // a report, not a transition
}

TEST_F(Stuck, LeavingThePhaseClearsIt) {
  Settle("x", kNow, kNow + Duration::Minutes(11));
  Settle("", Time{}, kNow + Duration::Minutes(12));
  EXPECT_EQ(FindCondition(widget_.status.conditions, "Stuck"), nullptr);
  EXPECT_TRUE(widget_.relations.timers.empty());
}

TEST_F(Stuck, ADeadlineIsPerKindAndZeroTurnsItOff) {
  settings_.stuck_deadlines = {{"default", "1h0m0s"}, {"widget", "5s"}};
  Settle("x", kNow, kNow + Duration::Seconds(5));
  EXPECT_TRUE(IsTrue(widget_.status.conditions, "Stuck"));
  settings_.stuck_deadlines["widget"] = "0s";
  Settle("x", kNow, kNow + Duration::Hours(9));
  EXPECT_EQ(FindCondition(widget_.status.conditions, "Stuck"), nullptr);
  settings_.stuck_deadlines = {};
  EXPECT_EQ(StuckDeadline("widget", settings_), Duration::Minutes(10));
}

}  // namespace
}  // namespace sluice
