#include "events/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/envelope.gen.h"
#include "events/everything.gen.h"

namespace sluice {
namespace {

ClusterConfigState State() {
  ClusterConfigState state;
  state.metadata.name = "cluster";
  state.metadata.labels = {{"app", "x"}, {"example.com/tier", "front"}};
  state.status.phase = ClusterConfigPhase::kActive;
  state.status.conditions = {
      {.type = "Ready", .status = ConditionStatus::kFalse, .reason = "Waiting"},
      {.type = "Stuck", .status = ConditionStatus::kUnknown},
  };
  return state;
}

TEST(Paths, LeadThroughTablesListsAndMaps) {
  const ClusterConfigState state = State();
  EXPECT_EQ(GetPath(state, "metadata.name"), "\"cluster\"");
  EXPECT_EQ(GetPath(state, "status.phase"), "\"Active\"");
  EXPECT_EQ(GetPath(state, "status.conditions[0].type"), "\"Ready\"");
  EXPECT_EQ(GetPath(state, "status.conditions[type=Ready].status"), "\"False\"");
  EXPECT_EQ(GetPath(state, "status.conditions[1]"), R"({"type":"Stuck","status":"Unknown"})");
  EXPECT_EQ(GetPath(state, "metadata.labels.app"), "\"x\"");
  EXPECT_EQ(GetPath(state, "metadata.labels.example.com/tier"), "\"front\"");
  EXPECT_EQ(GetPath(state, "metadata.labels[\"example.com/tier\"]"), "\"front\"");
  EXPECT_EQ(GetPath(state, "spec"), "{}");
}

TEST(Paths, ANumberIsThereEvenWhenItIsTheDefault) {
  EXPECT_EQ(GetPath(State(), "status.observedGeneration"), "0");
  EXPECT_EQ(GetPath(Everything{}, "maybeNumber"), std::nullopt);
}

TEST(Paths, LeadIntoPayloadsAndFreeFormJson) {
  Everything everything;
  everything.any = AnyTable::Of(Leaf{.name = "n"});
  everything.free = R"({"a":[{"b.c":1}]})";
  EXPECT_EQ(GetPath(everything, "any.type"), "\"Leaf\"");
  EXPECT_EQ(GetPath(everything, "any.payload.name"), "\"n\"");
  EXPECT_EQ(GetPath(everything, "free.a[0]"), R"({"b.c":1})");
  EXPECT_EQ(GetPath(everything, "free.a[0][\"b.c\"]"), "1");
  EXPECT_EQ(GetPath(everything, "free.b"), std::nullopt);
}

TEST(Paths, ThatLeadNowhereGiveNothing) {
  const ClusterConfigState state = State();
  for (const char* path :
       {"", "nope", "metadata.", "metadata.nope", "metadata.name.x", "status.conditions[2]",
        "status.conditions[x]", "status.conditions[type=Nope]", "status.conditions[nope=Ready]",
        "status.conditions[0", "status.conditions.type", "metadata.labels.nope", "metadata[0]",
        "status.conditions[0]type", "metadata.uid"}) {
    EXPECT_EQ(GetPath(state, path), std::nullopt) << path;
  }
}

TEST(Paths, AreCheckedAgainstATypeAlone) {
  const Type& type = TypeOf<ClusterConfigState>();
  for (const char* path :
       {"metadata", "metadata.name", "metadata.uid", "metadata.labels.anything",
        "metadata.labels[\"a.b/c\"]", "status.phase", "status.conditions", "status.conditions[9]",
        "status.conditions[9].type", "status.conditions[type=Nope].status"}) {
    EXPECT_TRUE(CheckPath(type, path)) << path;
  }
  EXPECT_TRUE(CheckPath(TypeOf<Everything>(), "any.payload.name"));
  EXPECT_TRUE(CheckPath(TypeOf<Everything>(), "free.a[0].b"));
  for (const char* path :
       {"", "nope", "metadata.", "metadata.nope", "metadata.name.x", "metadata[0]",
        "status.conditions.type", "status.conditions[0", "status.conditions[0]type",
        "status.conditions[0].nope", "status.conditions[nope=Ready]", "status.phase[0]",
        "status.conditions[Ready].status", "status.conditions[-1].status", "status.conditions[]"}) {
    const auto checked = CheckPath(type, path);
    EXPECT_TRUE(!checked && checked.error().code == ErrorCode::kInvalid) << path;
  }
  const auto message = [&](const char* path) { return CheckPath(type, path).error().message; };
  EXPECT_THAT(message("status.phse"),
              ::testing::AllOf(::testing::HasSubstr("'phse' in 'status.phse' is no field"),
                               ::testing::HasSubstr("phase"), ::testing::HasSubstr("conditions")));
  EXPECT_EQ(message("status.conditions.type"),
            "'conditions' in 'status.conditions.type' is a list: conditions[0] or "
            "conditions[FIELD=VALUE]");
  EXPECT_EQ(message("metadata.name.x"), "'name' in 'metadata.name.x' has no parts");
}

TEST(Diff, NamesEveryFieldThatDiffers) {
  const ClusterConfigState before = State();
  ClusterConfigState after = State();
  after.metadata.labels = {{"app", "y"}};
  after.spec.level = 2;
  after.spec.ipv4_pools = {"10.0.0.0/8"};
  after.spec.retry_first = Duration::Seconds(2);
  after.status.conditions = {
      {.type = "Stuck", .status = ConditionStatus::kUnknown},
      {.type = "Ready", .status = ConditionStatus::kTrue},
      {.type = "New", .status = ConditionStatus::kTrue},
  };
  EXPECT_THAT(
      Diff(before, after),
      testing::ElementsAre(
          FieldDiff{"metadata.labels.app", "\"x\"", "\"y\""},
          FieldDiff{"metadata.labels[\"example.com/tier\"]", "\"front\"", ""},
          FieldDiff{"spec.level", "0", "2"}, FieldDiff{"spec.ipv4Pools", "", "[\"10.0.0.0/8\"]"},
          FieldDiff{"spec.retryFirst", "", "\"2s\""},
          FieldDiff{"status.conditions[type=Ready].status", "\"False\"", "\"True\""},
          FieldDiff{"status.conditions[type=Ready].reason", "\"Waiting\"", ""},
          FieldDiff{"status.conditions[type=New]", "", R"({"type":"New","status":"True"})"}));
}

TEST(Diff, LooksIntoPayloadsOfOneType) {
  Event a;
  Event b;
  a.payload = AnyTable::Of(Leaf{.name = "n", .count = 1});
  b.payload = AnyTable::Of(Leaf{.name = "n", .count = 2});
  EXPECT_THAT(Diff(a, b), testing::ElementsAre(FieldDiff{"payload.payload.count", "1", "2"}));
  b.payload = AnyTable::Of(Delete{});
  EXPECT_EQ(Diff(a, b).size(), 1u);
}

}  // namespace
}  // namespace sluice
