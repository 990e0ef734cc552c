// Chains of causes backward and forward, refusals, and what is waited for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "replay/causes.h"
#include "replay/tests/recorded.h"

namespace sluice::replay {
namespace {

using ::testing::HasSubstr;

class WhyTest : public ::testing::Test {
 protected:
  WhyTest() {
    RunPoolDry(recorded_);
    archive_ = recorded_.Archive();
  }
  std::string PositionOf(const std::function<bool(const Decision&)>& which) {
    for (uint32_t partition = 0; partition < archive_->partitions(); ++partition) {
      for (const LogRecord& record : recorded_.cluster().Log(partition)) {
        if (record.decision && which(*record.decision)) {
          return FormatPosition(partition, record.sequence);
        }
      }
    }
    ADD_FAILURE() << "no such decision";
    return "";
  }

  Recorded recorded_;
  std::unique_ptr<MemoryArchive> archive_;
};

// The entities that wait, outermost first.
std::vector<std::string> WaitingLine(const Json& waits) {
  std::vector<std::string> line{waits["entity"].get<std::string>()};
  if (waits.contains("on") && waits["on"][0].contains("waits")) {
    for (std::string& one : WaitingLine(waits["on"][0]["waits"])) line.push_back(std::move(one));
  }
  return line;
}

TEST_F(WhyTest, AStuckRolloutIsFollowedToThePoolThatRanDry) {
  const Json why = AskFor(*archive_, "why", {{"entity", "binding/default/web"}});
  EXPECT_EQ(why["path"], "status.conditions[type=Ready]");
  EXPECT_EQ(why["value"]["status"], "False");
  const Json& waits = why["waits"];
  const std::vector<std::string> line = WaitingLine(waits);
  ASSERT_GE(line.size(), 4u) << waits.dump(1);
  EXPECT_EQ(line[0], "binding/default/web");
  EXPECT_THAT(line[1], HasSubstr("instance/default/web-"));
  EXPECT_THAT(waits.dump(), HasSubstr("networkbinding/default/"));
  EXPECT_THAT(waits.dump(), HasSubstr("network/default/shop"));
  EXPECT_EQ(line.back(), "registry/sluice-system/addresspool-default");
  EXPECT_THAT(waits.dump(),
              HasSubstr("AddressPoolExhausted: no free /16 in 127.64.0.0/16 of registry"));
  EXPECT_THAT(waits.dump(), HasSubstr("\"timers\""));
  EXPECT_THAT(waits.dump(), HasSubstr("\"lastFailure\""));
}

TEST(Why, WhatServesAndIsDegradedIsAskedAboutItsPhase) {
  Recorded recorded;
  const auto apply = [&](const std::string& revision) {
    recorded.Send(
        "binding/default/web", "Apply",
        R"({"spec":{"bindingKey":"team-a/web","candidateReadyDeadline":"5s","desiredRevision":")" +
            revision +
            R"(","template":{"presetId":"web","spec":{"location":{"name":"here"},
               "runtime":{"process":{"command":["./web"]}}}}}})");
    recorded.Advance(Duration::Seconds(1));
  };
  recorded.Send("location/default/here", "Apply", R"({"spec":{"provider":"local"}})");
  apply("v1");
  std::set<std::string> instances;
  const auto made = [&] {
    for (uint32_t partition = 0; partition < 2; ++partition) {
      for (const LogRecord& record : recorded.cluster().Log(partition)) {
        if (!record.decision || !record.decision->command) continue;
        const std::string& entity = record.decision->command->entity;
        if (entity.starts_with("instance/") && instances.insert(entity).second) return entity;
      }
    }
    return std::string();
  };
  const std::string active = made();
  for (const char* report : {"ReportProgrammed", "ReportRunning", "ReportReadiness"}) {
    recorded.Send(active, report, R"({"status":"True","reason":"Done"})", "", "provider/local");
  }
  const auto archive_ready = recorded.Archive();
  EXPECT_EQ(AskFor(*archive_ready, "why", {{"entity", "binding/default/web"}})["path"],
            "status.conditions[type=Ready]");

  apply("v2");
  const std::string candidate = made();
  recorded.Send(candidate, "ReportProgrammed", R"({"status":"True","reason":"Done"})", "",
                "provider/local");
  recorded.Send(candidate, "ReportRunning",
                R"({"status":"False","reason":"CrashLoop","message":"cannot start"})", "",
                "provider/local");
  recorded.Advance(Duration::Seconds(10));
  const auto archive = recorded.Archive();
  const Json why = AskFor(*archive, "why", {{"entity", "binding/default/web"}});
  EXPECT_EQ(why["path"], "status.phase");
  EXPECT_EQ(why["value"], "Degraded");
  EXPECT_EQ(why["chain"][0]["command"], "TimerDue candidate-ready");
  // What it serves is as wanted; what it was to serve is not.
  ASSERT_TRUE(why["waits"].contains("on")) << why["waits"].dump(1);
  EXPECT_EQ(why["waits"]["on"][0]["entity"], candidate) << why["waits"].dump(1);
  EXPECT_THAT(why["waits"].dump(), HasSubstr("cannot start"));
}

// Heard of in one stretch of the history, and asked for in the one before.
TEST(Why, AFailureIsKnownWhereverAStretchOfTheHistoryBegins) {
  Recorded recorded;
  const std::string binding = "binding/default/api";
  const std::string spec = R"({"spec":{"bindingKey":"team-a/api","desiredRevision":"v1",
      "template":{"presetId":"api","spec":{"location":{"name":"here"},
      "runtime":{"process":{"command":["./api"]}}}}}})";
  recorded.Send("location/default/here", "Apply", R"({"spec":{"provider":"local"}})");
  recorded.Send("instance/default/api-b7348462adf7-01", "Apply",
                R"({"spec":{"location":{"name":"here"},
                    "runtime":{"process":{"command":["./mine"]}}}})");
  recorded.Send(binding, "Apply", spec);
  for (const char* report : {"ReportProgrammed", "ReportRunning", "ReportReadiness"}) {
    recorded.Send("instance/default/api-b7348462adf7-02", report,
                  R"({"status":"True","reason":"Done"})", "", "provider/local");
  }
  const auto failure = [&](const MemoryArchive& asked) {
    const Json why = AskFor(asked, "why", {{"entity", binding}});
    EXPECT_EQ(why["value"]["status"], "True");
    return why["waits"].value("lastFailure", Json::object());
  };
  auto archive = recorded.Archive();
  const Json known = failure(*archive);
  ASSERT_EQ(known.value("code", ""), "AlreadyExists");
  const auto position = ParsePosition(known.value("position", ""), 2);
  ASSERT_TRUE(position);
  while (true) {
    archive = recorded.Archive();
    const auto last = archive->LastSequences(binding, UINT64_MAX, 128);
    ASSERT_TRUE(last);
    if (last->front() == position->sequence) break;
    ASSERT_LT(last->front(), position->sequence);
    recorded.Send(binding, "Apply", spec);
  }
  EXPECT_EQ(failure(*archive), known);
}

TEST_F(WhyTest, WhatTheEntityDoesNotHaveIsSaidToBeSo) {
  const auto refused = [&](const char* parameter, const char* value) {
    return RefusalOf(*archive_, "why", {{"entity", "binding/default/web"}, {parameter, value}});
  };
  EXPECT_THAT(refused("field", "status.phse"),
              HasSubstr("binding/default/web: 'phse' in 'status.phse' is no field; there are"));
  const std::string condition = refused("condition", "Redy");
  EXPECT_THAT(condition, HasSubstr("status.conditions[type=Redy] was never set; it has "));
  EXPECT_THAT(condition, HasSubstr("Ready"));
}

// What armed the timer that fired at `record`, looked for from the beginning.
ArmedBy ArmedFromTheBeginning(const std::vector<LogRecord>& log, const LogRecord& record) {
  const std::string& id = record.decision->command->payload.As<TimerDue>()->id;
  ArmedBy armed;
  for (const LogRecord& earlier : log) {
    if (earlier.sequence >= record.sequence) break;
    if (!earlier.decision || !earlier.decision->command ||
        earlier.decision->command->entity != record.decision->command->entity) {
      continue;
    }
    for (const TimerChange& timer : earlier.decision->effects.timers) {
      if (timer.id != id || !timer.due.IsSet()) continue;
      const auto* own = earlier.decision->command->payload.As<TimerDue>();
      if (own != nullptr && own->id == id && armed.position) {
        ++armed.repeats;
      } else {
        armed = {.position = DecisionPosition{earlier.partition, earlier.sequence}, .repeats = 0};
      }
    }
  }
  return armed;
}

TEST_F(WhyTest, WhatArmedATimerIsFoundFromTheEnd) {
  // Retries go on for days.
  for (int hour = 0; hour < 400; ++hour) recorded_.Advance(Duration::Hours(1));
  archive_ = recorded_.Archive();
  size_t timers = 0;
  for (uint32_t partition = 0; partition < archive_->partitions(); ++partition) {
    const auto& log = recorded_.cluster().Log(partition);
    for (const LogRecord& record : log) {
      if (!record.decision || !record.decision->command ||
          record.decision->command->payload.As<TimerDue>() == nullptr) {
        continue;
      }
      ++timers;
      const auto expected = ArmedFromTheBeginning(log, record);
      const auto armed = FindArming(*archive_, record);
      ASSERT_TRUE(armed);
      ASSERT_TRUE(armed->position);
      EXPECT_EQ(armed->position->sequence, expected.position->sequence);
      EXPECT_EQ(armed->repeats, expected.repeats);
    }
  }
  EXPECT_GT(timers, 300u);
}

TEST_F(WhyTest, EveryChainEndsInAnOutsideCommandATimerOrAReport) {
  const std::set<std::string> ends{"outside", "timer", "report"};
  size_t chains = 0;
  for (uint32_t partition = 0; partition < archive_->partitions(); ++partition) {
    for (const LogRecord& record : recorded_.cluster().Log(partition)) {
      if (!record.decision) continue;
      const std::string position = FormatPosition(partition, record.sequence);
      const Json why = AskFor(*archive_, "why", {{"position", position}});
      const Json& chain = why["chain"];
      ASSERT_FALSE(chain.empty());
      EXPECT_EQ(chain.front()["position"], position);
      EXPECT_TRUE(ends.contains(chain.back()["cause"].get<std::string>())) << chain.dump(1);
      EXPECT_FALSE(chain.back().contains("missing"));
      for (size_t i = 0; i + 1 < chain.size(); ++i) EXPECT_TRUE(chain[i].contains("took"));
      ++chains;
    }
  }
  EXPECT_GT(chains, 30u);
}

TEST_F(WhyTest, AConditionsChainRunsBackOverEntities) {
  const Json why = AskFor(*archive_, "why",
                          {{"entity", "network/default/shop"}, {"condition", "IPAMAllocated"}});
  const Json& chain = why["chain"];
  EXPECT_EQ(chain[0]["command"], "PrefixRefused");
  EXPECT_EQ(chain[1]["entity"], "registry/sluice-system/addresspool-default");
  // What made the pool refuse: who took the last of it.
  EXPECT_EQ(chain[1]["stateThen"]["lastChangedBy"]["sender"], "network/default/default");
  EXPECT_EQ(chain.back()["cause"], "outside");
  EXPECT_EQ(chain.back()["actor"], "bob");
}

TEST_F(WhyTest, AFieldNamesTheDecisionThatSetIt) {
  const Json why = AskFor(*archive_, "why",
                          {{"entity", "binding/default/web"}, {"field", "spec.desiredRevision"}});
  EXPECT_EQ(why["value"], "v1");
  EXPECT_EQ(why["chain"].size(), 1u);
  EXPECT_EQ(why["chain"][0]["id"], "roll-out-v1");
  EXPECT_EQ(why["chain"][0]["cause"], "outside");
}

TEST_F(WhyTest, ACommandIsFollowedForward) {
  const Json why = AskFor(*archive_, "why", {{"id", "roll-out-v1"}});
  ASSERT_EQ(why["decisions"].size(), 1u);
  const std::string led = why["decisions"][0]["led"].dump();
  EXPECT_THAT(led, HasSubstr("instance/default/web-"));
  EXPECT_THAT(led, HasSubstr("networkbinding/default/"));
  EXPECT_THAT(led, HasSubstr("\"via\":\"followUp\""));
  // Each follow-up has an id of its own, by which it is found, too.
  const std::string first = why["decisions"][0]["led"]["position"].get<std::string>() + "/0";
  const Json follow_up = AskFor(*archive_, "why", {{"id", first}});
  EXPECT_EQ(follow_up["decisions"][0]["chain"].back()["id"], "roll-out-v1");
  EXPECT_THAT(RefusalOf(*archive_, "why", {{"id", "nobody"}}), HasSubstr("nobody"));
}

TEST_F(WhyTest, ARejectionNamesTheStateThatRefused) {
  recorded_.Send("binding/default/web", "Apply",
                 R"({"spec":{"bindingKey":"team-b/web","desiredRevision":"v1","template":{
                 "presetId":"web","spec":{"runtime":{"process":{"command":["./web"]}}}}}})");
  archive_ = recorded_.Archive();
  const std::string position = PositionOf([](const Decision& decision) {
    return decision.verdict == Verdict::kRejected &&
           decision.rejection->code == RejectionCode::kImmutable;
  });
  const Json why = AskFor(*archive_, "why", {{"position", position}});
  const Json& step = why["chain"][0];
  EXPECT_EQ(step["rejection"]["field"], "spec.bindingKey");
  EXPECT_EQ(step["stateThen"]["value"], "team-a/web");
  EXPECT_EQ(step["stateThen"]["setBy"]["id"], "roll-out-v1");
}

TEST_F(WhyTest, BadQuestionsAreNamed) {
  EXPECT_THAT(RefusalOf(*archive_, "why", {{"entity", "unicorn/default/web"}}),
              HasSubstr("no kind unicorn"));
  EXPECT_THAT(RefusalOf(*archive_, "why", {{"entity", "binding/default/none"}}),
              HasSubstr("never was"));
  EXPECT_THAT(
      RefusalOf(*archive_, "why", {{"entity", "binding/default/web"}, {"condition", "Shiny"}}),
      HasSubstr("was never set"));
  EXPECT_THAT(RefusalOf(*archive_, "why", {{"position", "0:99999"}}),
              HasSubstr("0:99999 is not decided yet: partition 0 ends at 0:"));
  EXPECT_THAT(RefusalOf(*archive_, "why", {{"position", "7:0"}}), HasSubstr("partition"));
  EXPECT_THAT(RefusalOf(*archive_, "why",
                        {{"entity", "binding/default/web"}, {"at", "2999-01-01T00:00:00Z"}}),
              HasSubstr("in the future"));
}

}  // namespace
}  // namespace sluice::replay
