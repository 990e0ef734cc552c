// What components write, as /metrics counts it.
#include "engine/condition_counters.h"

#include <gtest/gtest.h>

#include "events/component.gen.h"
#include "events/conditions.gen.h"

namespace sluice {
namespace {

constexpr char kOwner[] = "binding/default/shop";
constexpr char kShop[] = "component/default/shop";

Decision DecisionOf(const std::string& entity, AnyTable payload, std::vector<AnyTable> events) {
  Decision decision;
  decision.command = Command{};
  decision.command->entity = entity;
  decision.command->payload = std::move(payload);
  for (AnyTable& event : events) decision.events.push_back({.payload = std::move(event)});
  return decision;
}

AnyTable Changed(ConditionStatus status, const std::string& reason, Time at) {
  return AnyTable::Of(ConditionChanged{.condition = {.type = "DatabaseReady",
                                                     .status = status,
                                                     .reason = reason,
                                                     .last_transition_time = at}});
}

TEST(ConditionCounters, CountWritesAndWhatWasAvoided) {
  ConditionCounters counters;
  const AnyTable write = AnyTable::Of(WriteConditions{});
  counters.Count(DecisionOf(kOwner, write, {Changed(ConditionStatus::kTrue, "Healthy", Time{5})}));
  counters.Count(DecisionOf(kOwner, write, {}));
  // A pass that decided nothing new, and one that wrote.
  counters.Count(DecisionOf(kShop, AnyTable::Of(ReportResource{}), {}));
  Decision writes = DecisionOf(kShop, AnyTable::Of(ReportResource{}), {});
  writes.effects.follow_ups.push_back({.command = Command{.entity = kOwner, .payload = write}});
  counters.Count(writes);
  Decision rejected = DecisionOf(kShop, AnyTable::Of(ReportResource{}), {});
  rejected.verdict = Verdict::kRejected;
  counters.Count(rejected);
  EXPECT_EQ(counters.status_writes, 1u);
  EXPECT_EQ(counters.status_writes_avoided, 2u);
}

TEST(ConditionCounters, ShowConditionsAsTheLastWriteLeftThem) {
  ConditionCounters counters;
  const AnyTable write = AnyTable::Of(WriteConditions{});
  // What the owner says of itself is not counted.
  counters.Count(DecisionOf(kOwner, AnyTable::Of(TimerDue{}),
                            {Changed(ConditionStatus::kTrue, "Own", Time{1})}));
  EXPECT_TRUE(counters.conditions.empty());
  counters.Count(DecisionOf(kOwner, write, {Changed(ConditionStatus::kFalse, "Down", Time{5})}));
  const auto& shown = counters.conditions.at({kOwner, "DatabaseReady"});
  EXPECT_EQ(shown.status, "False");
  EXPECT_EQ(shown.reason, "Down");
  EXPECT_EQ(shown.last_transition, Time{5});
  counters.Count(
      DecisionOf(kOwner, write, {AnyTable::Of(ConditionRemoved{.type = "DatabaseReady"})}));
  EXPECT_TRUE(counters.conditions.empty());
  counters.Count(DecisionOf(kOwner, write, {Changed(ConditionStatus::kTrue, "Healthy", Time{6})}));
  counters.Count(DecisionOf(kOwner, AnyTable::Of(Delete{}), {AnyTable::Of(EntityDeleted{})}));
  EXPECT_TRUE(counters.conditions.empty());
}

TEST(ConditionCounters, CountWhatBecameOfResources) {
  ConditionCounters counters;
  const auto report = [&](ResourceOperation operation) {
    counters.Count(DecisionOf(kShop, AnyTable::Of(ReportResource{}),
                              {AnyTable::Of(ResourceReported{.operation = operation})}));
  };
  report(ResourceOperation::kCreate);
  report(ResourceOperation::kUpdate);
  report(ResourceOperation::kUpdate);
  report(ResourceOperation::kError);
  EXPECT_EQ(counters.resource_applies.at("created"), 1u);
  EXPECT_EQ(counters.resource_applies.at("updated"), 2u);
  EXPECT_EQ(counters.resource_apply_errors, 1u);
}

}  // namespace
}  // namespace sluice
