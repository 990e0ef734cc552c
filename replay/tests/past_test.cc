// What was true when: as-of against a model, differences, histories, and stepping until something
// holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "events/json.h"
#include "replay/expression.h"
#include "replay/tests/recorded.h"
#include "replay/timeline.h"

namespace sluice::replay {
namespace {

using ::testing::HasSubstr;

class PastTest : public ::testing::Test {
 protected:
  PastTest() {
    RunPoolDry(recorded_);
    recorded_.Send("network/default/default", "Apply",
                   R"({"spec":{"ipFamilies":["IPv4"]},"labels":{"team":"a"}})");
    recorded_.Send("binding/default/web", "Delete", "{}");
    recorded_.Advance(Duration::Seconds(30));
    recorded_.Send("network/default/shop", "Delete", "{}");
    recorded_.Advance(Duration::Minutes(2));
    archive_ = recorded_.Archive();
  }

  Recorded recorded_;
  std::unique_ptr<MemoryArchive> archive_;
};

std::string Show(const EntityState* state) {
  if (state == nullptr || !state->Exists()) return "absent";
  return ToJson(state->root_type(), state->root());
}

// The model: every entity folded forward, once, all states kept.
TEST_F(PastTest, AsOfEqualsAModelAtRandomPositions) {
  std::map<std::string, std::map<uint64_t, std::string>> model;  // by sequence after which
  for (uint32_t partition = 0; partition < archive_->partitions(); ++partition) {
    PartitionState state;
    std::map<std::string, LoadedEntity> entities;
    for (const LogRecord& record : recorded_.cluster().Log(partition)) {
      if (!record.decision) continue;
      const std::string key(FoldedEntity(*record.decision));
      if (key.empty()) continue;
      LoadedEntity& entity = entities[key];
      if (!entity.state) {
        entity.kind = BuiltinKinds().Find(KeyOrDie(key).kind);
        entity.state = entity.kind->make();
      }
      ASSERT_TRUE(FoldEntity(entity, *record.decision, record.sequence));
      model[key][record.sequence] = Show(entity.state.get());
    }
  }
  ASSERT_GT(model.size(), 5u);
  std::mt19937_64 random(7);
  for (int i = 0; i < 300; ++i) {
    auto one = std::next(model.begin(), static_cast<int64_t>(random() % model.size()));
    const uint32_t partition = archive_->PartitionOf(one->first);
    Coverage point = archive_->Now();
    point[partition] = random() % (archive_->End(partition) + 1);
    const auto then = EntityAt(*archive_, one->first, point);
    ASSERT_TRUE(then) << then.error().message;
    auto last = one->second.lower_bound(point[partition]);
    const std::string wanted = last == one->second.begin() ? "absent" : std::prev(last)->second;
    EXPECT_EQ(Show(then->state.get()), wanted) << one->first << " before " << point[partition];
  }
}

TEST_F(PastTest, ADiffNamesEachFieldAndTheDecisionThatSetIt) {
  const auto items =
      ItemsOf(*archive_, "diff", {{"from", "v0.0"}, {"entity", "network/default/default"}});
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0]["change"], "created");
  const auto history =
      ItemsOf(*archive_, "history", {{"entity", "network/default/default"}, {"command", "apply"}});
  ASSERT_EQ(history.size(), 2u);
  const std::string first = history[0]["position"];
  const auto later =
      ItemsOf(*archive_, "diff", {{"from", first}, {"kind", "network"}, {"namespace", "default"}});
  bool found = false;
  for (const Json& item : later) {
    if (item["entity"] != "network/default/default") continue;
    for (const Json& field : item["fields"]) {
      if (field["path"] != "metadata.labels.team" && field["path"] != "metadata.labels[\"team\"]") {
        continue;
      }
      found = true;
      EXPECT_EQ(field["after"], "a");
      EXPECT_EQ(field["by"]["position"], history[1]["position"]);
    }
  }
  EXPECT_TRUE(found) << Json(later).dump(1);
  // Backwards it is undone; between a point and itself there is nothing.
  EXPECT_TRUE(ItemsOf(*archive_, "diff", {{"from", first}, {"to", first}}).empty());
  const Json all = AskFor(*archive_, "diff", {{"from", "v0.0"}});
  EXPECT_GT(all["differ"].get<int>(), 1);
  EXPECT_THAT(RefusalOf(*archive_, "diff", {}), HasSubstr("from"));
  EXPECT_THAT(RefusalOf(*archive_, "diff", {{"from", "v0.0"}, {"kind", "unicorn"}}),
              HasSubstr("unicorn"));
}

TEST_F(PastTest, AHistoryIsFilteredAndShowsTransitions) {
  const auto all = ItemsOf(*archive_, "history", {{"entity", "binding/default/web"}});
  ASSERT_GT(all.size(), 4u);
  EXPECT_TRUE(all[0].contains("transition"));
  EXPECT_FALSE(all[0]["changes"].empty());
  const auto deletes =
      ItemsOf(*archive_, "history", {{"entity", "binding/default/web"}, {"command", "Delete"}});
  ASSERT_EQ(deletes.size(), 1u);
  const std::string deleted = deletes[0]["position"];
  const auto since =
      ItemsOf(*archive_, "history", {{"entity", "binding/default/web"}, {"since", deleted}});
  const auto until =
      ItemsOf(*archive_, "history", {{"entity", "binding/default/web"}, {"until", deleted}});
  EXPECT_EQ(since.front()["position"], deleted);
  EXPECT_EQ(until.back()["position"], deleted);
  EXPECT_EQ(since.size() + until.size(), all.size() + 1);
  const auto last =
      ItemsOf(*archive_, "history", {{"entity", "binding/default/web"}, {"last", "2"}});
  ASSERT_EQ(last.size(), 2u);
  EXPECT_EQ(last[1], all.back());
  EXPECT_TRUE(
      ItemsOf(*archive_, "history", {{"entity", "binding/default/web"}, {"verdict", "duplicate"}})
          .empty());
  EXPECT_THAT(
      RefusalOf(*archive_, "history", {{"entity", "binding/default/web"}, {"verdict", "perhaps"}}),
      HasSubstr("there are Accepted, Rejected"));
}

TEST_F(PastTest, SteppingStopsWhereTheExpressionHolds) {
  const std::string gone = "status.conditions[type=Ready].reason == 'AddressPoolExhausted'";
  const auto items =
      ItemsOf(*archive_, "replay", {{"entities", "network/default/shop"}, {"until", gone}});
  ASSERT_FALSE(items.empty());
  EXPECT_TRUE(items.back()["holds"].get<bool>());
  const Json stepped =
      AskFor(*archive_, "replay", {{"entities", "network/default/shop"}, {"until", gone}});
  EXPECT_EQ(stepped["stoppedAt"], items.back()["position"]);
  const Json never = AskFor(*archive_, "replay",
                            {{"entities", "network/default/shop"}, {"until", "spec.mtu == 1"}});
  EXPECT_FALSE(never.contains("stoppedAt"));
  // Two entities are walked in the order of their decisions.
  const auto both =
      ItemsOf(*archive_, "replay", {{"entities", "network/default/shop,binding/default/web"}});
  for (size_t i = 1; i < both.size(); ++i) {
    EXPECT_LE(*ParseTime(both[i - 1]["time"].get<std::string>()),
              *ParseTime(both[i]["time"].get<std::string>()));
  }
  // A field that none of them has holds nowhere either, and is told.
  const auto refused = [&](const char* entities, const char* until) {
    return RefusalOf(*archive_, "replay", {{"entities", entities}, {"until", until}});
  };
  EXPECT_THAT(refused("network/default/shop", "not (status.phse == 'Ready')"),
              HasSubstr("network: 'phse' in 'status.phse' is no field; there are"));
  EXPECT_EQ(refused("network/default/shop,binding/default/web", "spec.desiredRevision == 'v1'"),
            "");
  // Each of two kinds may be asked about what only it has.
  EXPECT_EQ(refused("network/default/shop,binding/default/web",
                    "spec.desiredRevision == 'v9' or spec.mtu == 1460"),
            "");
}

TEST_F(PastTest, WhatAFieldCanNeverBeIsRefused) {
  const auto refused = [&](const char* until) {
    return RefusalOf(*archive_, "replay", {{"entities", "binding/default/web"}, {"until", until}});
  };
  EXPECT_THAT(refused("status.phase == 'Degradd'"),
              HasSubstr("status.phase is compared with \"Degradd\", and is one of "));
  EXPECT_THAT(refused("not ('Tru' != status.conditions[type=Ready].status)"),
              HasSubstr("is one of Unknown, "));
  EXPECT_THAT(refused("metadata.generation > 'abc'"), HasSubstr("and is a number"));
  EXPECT_THAT(refused("metadata.creationTimestamp > 'yesterday'"), HasSubstr("and is a time"));
  EXPECT_THAT(refused("spec.candidateReadyDeadline >= 20"), HasSubstr("and is a duration"));
  EXPECT_THAT(refused("status.phase == Ready"), HasSubstr("a text stands in quotes: 'Ready'"));
  for (const char* good :
       {"status.phase == null", "status.phase != 'Degraded'", "metadata.generation >= 3",
        "metadata.creationTimestamp > '2026-01-01T00:00:00Z'", "metadata.labels.team == 'a'",
        "spec.bindingKey == status.phase", "spec.bindingKey == '1m'"}) {
    EXPECT_EQ(refused(good), "") << good;
  }
}

TEST_F(PastTest, DurationsAreEqualAsWhatTheyAreAndADeletionIsSeen) {
  recorded_.Send("binding/default/late", "Apply",
                 R"({"spec":{"bindingKey":"60s","candidateReadyDeadline":"20s"}})");
  recorded_.Send("network/default/brief", "Apply", R"({"spec":{"ipFamilies":["IPv4"]}})");
  recorded_.Send("network/default/brief", "Delete", "{}");
  recorded_.Advance(Duration::Seconds(1));
  const auto archive = recorded_.Archive();
  const auto holds = [&](const char* entity, const char* until) {
    return AskFor(*archive, "replay", {{"entities", entity}, {"until", until}})
        .contains("stoppedAt");
  };
  EXPECT_TRUE(holds("binding/default/late", "spec.candidateReadyDeadline == '20000ms'"));
  EXPECT_FALSE(holds("binding/default/late", "spec.candidateReadyDeadline != '20000ms'"));
  EXPECT_FALSE(holds("binding/default/late", "spec.bindingKey == '1m'")) << "no duration";
  EXPECT_TRUE(holds("network/default/brief", "status.phase == 'Deleted'"));
}

TEST_F(PastTest, BisectionFindsWhatSteppingFinds) {
  // A deletion, once asked for, stays.
  const std::map<std::string, std::string, std::less<>> question{
      {"entities", "network/default/default"}, {"until", "metadata.labels.team == 'a'"}};
  auto halves = question;
  halves["bisect"] = "true";
  const Json found = AskFor(*archive_, "replay", halves);
  EXPECT_EQ(found["stoppedAt"], AskFor(*archive_, "replay", question)["stoppedAt"]);
  EXPECT_TRUE(found.contains("stoppedAt"));
  EXPECT_LE(found["probes"].get<int>(), 8);
}

TEST_F(PastTest, BisectionFoldsAboutAsMuchAsThereIs) {
  for (int i = 0; i < 200; ++i) {
    recorded_.Send("network/default/default", "Apply",
                   fmt::format(R"({{"spec":{{"ipFamilies":["IPv4"]}},"labels":{{"n":"{}"}}}})",
                               i < 130 ? "early" : "late"));
    recorded_.Advance(Duration::Seconds(1));
  }
  archive_ = recorded_.Archive();
  const Json found = AskFor(*archive_, "replay",
                            {{"entities", "network/default/default"},
                             {"until", "metadata.labels.n == 'late'"},
                             {"bisect", "true"}});
  EXPECT_TRUE(found.contains("stoppedAt"));
  EXPECT_GE(found["steps"].get<uint64_t>(), 200u);
  EXPECT_GE(found["probes"].get<uint64_t>(), 7u);
  // Half, a quarter, an eighth of them: not half of all by each probe.
  EXPECT_LE(found["folded"].get<uint64_t>(),
            found["steps"].get<uint64_t>() + found["probes"].get<uint64_t>());
}

Condition Sample() {
  return {.type = "Ready",
          .status = ConditionStatus::kTrue,
          .reason = "Fine",
          .message = "",
          .observed_generation = 3,
          .last_transition_time = Time{1'000'000}};
}

bool Holds(const std::string& text) {
  const auto expression = Expression::Parse(text);
  EXPECT_TRUE(expression) << text << ": " << expression.error().message;
  const Condition sample = Sample();
  return expression && expression->Holds(TypeOf<Condition>(), &sample);
}

TEST(Expression, ComparesFieldsWithValues) {
  EXPECT_TRUE(Holds("type == 'Ready'"));
  EXPECT_TRUE(Holds("\"Ready\" == type"));
  EXPECT_FALSE(Holds("type != 'Ready'"));
  EXPECT_TRUE(Holds("observedGeneration >= 3 and observedGeneration<4"));
  EXPECT_FALSE(Holds("observedGeneration > 3"));
  EXPECT_TRUE(Holds("message == null and reason"));
  EXPECT_TRUE(Holds("not message"));
  EXPECT_TRUE(Holds("!(type == 'x' or status == 'False') && reason == 'Fine'"));
  EXPECT_TRUE(Holds("lastTransitionTime < '2026-01-01T00:00:00Z'"));
  // and binds closer than or, not closest.
  EXPECT_TRUE(Holds("type == 'Ready' or type == 'x' and type == 'y'"));
  EXPECT_FALSE(Holds("not type == 'Ready' or false == true"));
  EXPECT_FALSE(Holds("nothing.at.all > 1"));
}

TEST(Expression, FaultsNameTheirColumn) {
  const std::pair<std::string, std::string> faults[] = {
      {"status.phase = 'x'", "column 14: an operator or the end is expected, found '= 'x''"},
      {"status.phase == ", "column 17: a field, a text or a number is expected, found the end"},
      {"status.phase == 'x", "column 17: the text that begins here has no end"},
      {"(a == 1", "column 8: ')' is expected"},
      {"a == 1 b == 2", "column 8: an operator or the end is expected"},
      {"a[type=Ready == 1", "column 2: the bracket that opens here is not closed"},
      {"1 and a", "column 3: a comparison is expected"},
      {"a == 1x", "column 6: no number"},
      {"", "column 1: a field, a text or a number is expected"},
  };
  for (const auto& [text, wanted] : faults) {
    const auto parsed = Expression::Parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr(wanted)) << text;
  }
}

}  // namespace
}  // namespace sluice::replay
