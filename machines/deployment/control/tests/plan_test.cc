// The order of actions, over whole lists (compute plane: Instance control).
#include "machines/deployment/control/plan.h"

#include <gtest/gtest.h>

namespace sluice::control {
namespace {

constexpr Hash128 kNow{1, 1};
constexpr Hash128 kOld{2, 2};

DeploymentView Shop(uint32_t replicas, Policy policy = Policy::kOrderedReady) {
  return {.name = "shop", .replicas = replicas, .policy = policy, .template_hash = kNow};
}
InstanceView At(uint64_t ordinal, Hash128 hash, bool ready) {
  return {.name = "shop-" + std::to_string(ordinal),
          .ordinal = ordinal,
          .template_hash = hash,
          .ready = ready};
}
InstanceView Terminal(uint64_t ordinal) {
  InstanceView view = At(ordinal, kNow, false);
  view.terminal = true;
  return view;
}
InstanceView Going(uint64_t ordinal) {
  InstanceView view = At(ordinal, kNow, false);
  view.deleting = true;
  return view;
}

// "Create shop-1, (Wait shop-2)": what is skipped in parentheses.
std::string Text(const std::vector<Action>& plan) {
  constexpr const char* kVerbs[] = {"Create", "Update", "Delete", "Wait"};
  std::string text;
  for (const Action& action : plan) {
    const std::string one =
        std::string(kVerbs[static_cast<size_t>(action.verb)]) + " " + action.instance;
    if (!text.empty()) text += ", ";
    text += action.skipped ? "(" + one + ")" : one;
  }
  return text;
}

TEST(Plan, FillsGapsByAscendingOrdinal) {
  EXPECT_EQ(Text(Plan(Shop(4), {At(1, kNow, true), At(3, kNow, true)})),
            "Create shop-0, (Create shop-2)");
}

TEST(Plan, IsEmptyWhenAllIsAsItShouldBe) {
  EXPECT_EQ(Text(Plan(Shop(2), {At(1, kNow, true), At(0, kNow, true)})), "");
}

TEST(Plan, WaitsForWhatIsNotReadyBeforeItGoesOn) {
  EXPECT_EQ(Text(Plan(Shop(3), {At(0, kNow, true), At(1, kNow, false)})),
            "Wait shop-1, (Create shop-2)");
  EXPECT_EQ(Text(Plan(Shop(2), {Going(0), At(1, kOld, true)})), "Wait shop-0, (Update shop-1)");
}

TEST(Plan, UpdatesANotReadyOneOfAnotherTemplateInsteadOfWaitingForIt) {
  EXPECT_EQ(Text(Plan(Shop(2), {At(0, kOld, false)})), "Update shop-0, (Create shop-1)");
}

TEST(Plan, UpdatesReadyOnesFromTheHighestDown) {
  EXPECT_EQ(Text(Plan(Shop(3), {At(0, kOld, true), At(1, kOld, false), At(2, kOld, true)})),
            "Update shop-1, (Update shop-2), (Update shop-0)");
}

TEST(Plan, DeletesWhatFailedLast) {
  EXPECT_EQ(Text(Plan(Shop(3), {Terminal(0), Terminal(1), At(2, kOld, true)})),
            "Update shop-2, (Delete shop-1), (Delete shop-0)");
  EXPECT_EQ(Text(Plan(Shop(2), {Terminal(0), Terminal(1)})), "Delete shop-1, (Delete shop-0)");
}

TEST(Plan, ReplacesWhatFailedBeforeItWaitsForOnesAboveIt) {
  EXPECT_EQ(Text(Plan(Shop(3), {Terminal(0), At(1, kNow, false)})),
            "Delete shop-0, (Wait shop-1), (Create shop-2)");
  EXPECT_EQ(Text(Plan(Shop(3), {At(0, kNow, false), Terminal(1), At(2, kNow, true)})),
            "Wait shop-0, (Delete shop-1)");
}

TEST(Plan, ReplacesWhatFailedOnlyWhenItsBackOffHasEnded) {
  DeploymentView shop = Shop(2);
  shop.backing_off = {0};
  EXPECT_EQ(Text(Plan(shop, {At(1, kNow, true)})), "Wait shop-0");
}

TEST(Plan, SurplusNeverWaits) {
  EXPECT_EQ(Text(Plan(Shop(1), {At(0, kNow, false), At(1, kNow, true), At(2, kOld, true)})),
            "Wait shop-0, Delete shop-2, Delete shop-1");
  EXPECT_EQ(Text(Plan(Shop(0), {At(0, kNow, true), Going(1)})), "Delete shop-0");
}

TEST(Plan, DeletesNamesWithoutAnOrdinal) {
  EXPECT_EQ(OrdinalOf("shop", "shop-7"), 7u);
  for (const char* name : {"shop", "shop-", "shop-07", "shop-x", "shop-7a", "other-7", "shopx-1"}) {
    EXPECT_EQ(OrdinalOf("shop", name), std::nullopt) << name;
  }
  EXPECT_EQ(Text(Plan(Shop(1), {At(0, kNow, true), {.name = "shop-x", .ordinal = std::nullopt}})),
            "Delete shop-x");
}

TEST(Plan, ParallelHoldsNothingBack) {
  EXPECT_EQ(Text(Plan(Shop(5, Policy::kParallel),
                      {At(0, kNow, false), Terminal(1), At(2, kOld, true), At(3, kOld, true)})),
            "Wait shop-0, Create shop-4, Update shop-3, Update shop-2, Delete shop-1");
}

}  // namespace
}  // namespace sluice::control
