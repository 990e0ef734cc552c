#include "cli/watch.h"

#include <nlohmann/json.hpp>

#include "cli/conditions.h"
#include "cli/tests/fixture.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using testing::FakeEnd;
using testing::FakeReply;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::string kList = "GET " + std::string(kBindings) + "?limit=500";
const std::string kWatch =
    "GET " + std::string(kBindings) + "?watch=true&allowWatchBookmarks=true&resourceVersion=";

std::string TableOf(const std::string& version, const std::string& phase, bool with_columns) {
  return std::string(R"({"kind":"Table",)") +
         (with_columns ? R"("columnDefinitions":[{"name":"NAME"},{"name":"PHASE"}],)" : "") +
         R"("metadata":{"resourceVersion":")" + version + R"("},"rows":[{"cells":["web",")" +
         phase + R"("],"object":{"metadata":{"name":"web"}}}]})";
}

std::string Change(const std::string& version, const std::string& phase) {
  return EventLine("MODIFIED", TableOf(version, phase, false));
}

std::string Bookmark(const std::string& version) {
  return EventLine("BOOKMARK", R"({"metadata":{"resourceVersion":")" + version + R"("}})");
}

// A last word that ends a watch for good, so that a test ends.
const std::string kTheEnd =
    EventLine("ERROR", R"({"kind":"Status","reason":"Forbidden","message":"enough","code":403})");

FakeReply Cut(std::vector<std::string> chunks) {
  return {.chunks = std::move(chunks), .end = FakeEnd::kCut};
}

using GetWatch = CliTest;

TEST_F(GetWatch, ResumesFromTheLastVersionAfterABrokenConnection) {
  On(kList, TableOf("v1", "Pending", true));
  On(kWatch + "v1", {Cut({Change("v2", "Creating"), Bookmark("v5"), "{\"type\":\"MODI"})});
  On(kWatch + "v5", {{.chunks = {Change("v6", "Ready"), kTheEnd}}});
  const Ran ran = Run({"get", "binding", "-w"});
  EXPECT_EQ(ran.out, "NAME   PHASE\nweb    Pending\nweb    Creating\nweb    Ready\n");
  EXPECT_EQ(ran.exit, Exit::kRejected);
  EXPECT_THAT(ran.err, HasSubstr("watch bindings: Forbidden: enough"));
  EXPECT_THAT(Requests(), ElementsAre(kList, kWatch + "v1", kWatch + "v5"));
  EXPECT_THAT(pauses_, SizeIs(1));
}

TEST_F(GetWatch, ListsAgainWhenItsVersionIsTooOld) {
  On(kList, {{.body = TableOf("v1", "Pending", true)},
             {.body = TableOf("v9", "Ready", true)},
             {.body = TableOf("v20", "Degraded", true)}});
  On(kWatch + "v1", {{.status = 410, .body = R"({"kind":"Status","code":410})"}});
  On(kWatch + "v9",
     {{.chunks = {EventLine("ERROR", R"({"kind":"Status","code":410,"reason":"Expired"})")}}});
  On(kWatch + "v20", {{.chunks = {kTheEnd}}});
  const Ran ran = Run({"get", "binding", "-w"});
  EXPECT_EQ(ran.out, "NAME   PHASE\nweb    Pending\nweb    Ready\nweb    Degraded\n");
  EXPECT_THAT(ran.err, HasSubstr("listing again"));
}

TEST_F(GetWatch, GivesUpWhenNobodyComesBack) {
  On(kList, TableOf("v1", "Pending", true));
  On(kWatch + "v1", {Cut({"torn"})});
  const Ran ran = Run({"get", "binding", "-w"});
  EXPECT_EQ(ran.exit, Exit::kUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("broke"));
  ASSERT_THAT(pauses_, SizeIs(kAttemptsMax - 1));
  EXPECT_LT(pauses_.front(), pauses_.back());
}

TEST_F(GetWatch, AnUnavailableServerIsTriedAgain) {
  On(kList, TableOf("v1", "Pending", true));
  On(kWatch + "v1", {{.status = 503, .body = "starting"}, {.chunks = {kTheEnd}}});
  EXPECT_EQ(Run({"get", "binding", "-w"}).exit, Exit::kRejected);
  EXPECT_THAT(pauses_, SizeIs(1));
}

TEST_F(GetWatch, OneObjectAsJson) {
  const std::string object = R"({"metadata":{"name":"web","resourceVersion":"v2"}})";
  const std::string one = "?fieldSelector=metadata.name%3Dweb&";
  On("GET " + std::string(kBindings) + one + "limit=500",
     R"({"items":[],"metadata":{"resourceVersion":"v1"}})");
  On("GET " + std::string(kBindings) + one +
         "watch=true&allowWatchBookmarks=true&resourceVersion=v1",
     {{.chunks = {EventLine("ADDED", object), kTheEnd}}});
  const Ran ran = Run({"get", "binding", "web", "-w", "-o", "json"});
  EXPECT_EQ(json::parse(ran.out), json::parse(object)) << ran.err;
}

TEST_F(GetWatch, AStopEndsItInGoodOrder) {
  On(kList, TableOf("v1", "Pending", true));
  stop_.request_stop();
  EXPECT_EQ(Run({"get", "binding", "-w"}).exit, Exit::kDone);
}

class WaitFor : public CliTest {
 protected:
  static std::string Object(const std::string& phase, const std::string& ready, int generation,
                            int observed) {
    return fmt::format(
        R"({{"metadata":{{"name":"web","generation":{},"resourceVersion":"v2"}},"status":{{
        "phase":"{}","observedGeneration":{},"conditions":[{{"type":"Ready","status":"{}",
        "reason":"candidate_not_ready","message":"waits","observedGeneration":{}}}]}}}})",
        generation, phase, observed, ready, observed);
  }

  void Answer(const std::string& items, std::vector<FakeReply> watch) {
    const std::string one = "GET " + std::string(kBindings) + "?fieldSelector=metadata.name%3Dweb&";
    On(one + "limit=500", R"({"items":[)" + items + R"(],"metadata":{"resourceVersion":"v1"}})");
    On(one + "watch=true&allowWatchBookmarks=true&resourceVersion=v1", std::move(watch));
  }
};

TEST_F(WaitFor, WhatIsTrueAlready) {
  Answer(Object("Ready", "True", 2, 2), {Cut({"x"})});
  EXPECT_EQ(Run({"wait", "binding/web", "--for=phase=Ready"}).out,
            "binding/default/web phase is Ready\n");
  EXPECT_EQ(Run({"wait", "binding/web", "--for", "condition=ready"}).exit, Exit::kDone);
}

TEST_F(WaitFor, WhatBecomesTrueAndIsOfTheCurrentGeneration) {
  std::string watch;
  for (const std::string& object : {Object("Ready", "True", 2, 1), Object("Ready", "True", 2, 2)}) {
    watch += EventLine("MODIFIED", json::parse(object).dump());
  }
  Answer(Object("Ready", "True", 2, 1), {{.chunks = {watch}, .end = FakeEnd::kHold}});
  const Ran ran = Run({"wait", "binding/web", "--for=condition=Ready"});
  EXPECT_EQ(ran.exit, Exit::kDone) << ran.err;
  EXPECT_EQ(ran.out, "binding/default/web condition Ready is True\n");
}

TEST_F(WaitFor, TimeOutSaysWhereItStands) {
  Answer(Object("WaitingReady", "False", 1, 1),
         {{.chunks = {Bookmark("v1")}, .end = FakeEnd::kHold}});
  const Ran ran = Run({"wait", "binding/web", "--for=phase=Ready", "--timeout=50ms"});
  EXPECT_EQ(ran.exit, Exit::kRejected);
  EXPECT_THAT(ran.err,
              HasSubstr("binding/default/web timed out after 50ms waiting for phase=Ready: "
                        "its phase is WaitingReady, condition Ready is False "
                        "(candidate_not_ready: waits)"));
}

TEST_F(WaitFor, DeleteIsDoneWhenNothingIsThere) {
  Answer("", {Cut({"x"})});
  EXPECT_EQ(Run({"wait", "binding/web", "--for=delete"}).out, "binding/default/web deleted\n");
  const Ran missing = Run({"wait", "binding/web", "--for=phase=Ready"});
  EXPECT_EQ(missing.exit, Exit::kRejected);
  EXPECT_THAT(missing.err, HasSubstr("binding/default/web: not found"));
}

TEST_F(WaitFor, BadGoalsAreBadInput) {
  for (const char* bad :
       {"", "phase", "phase=", "condition=", "condition==True", "ready", "jsonpath=x"}) {
    EXPECT_EQ(Run({"wait", "binding/web", std::string("--for=") + bad}).exit, Exit::kBadInput)
        << bad;
  }
}

TEST(Goal, AFalseConditionMayBeWaitedFor) {
  const auto goal = ParseGoal("condition=Ready=False");
  ASSERT_TRUE(goal);
  EXPECT_TRUE(goal->IsReached(
      json::parse(R"({"status":{"conditions":[{"type":"Ready","status":"False"}]}})")));
  EXPECT_FALSE(goal->IsReached(json::parse(R"({"status":{}})")));
}

}  // namespace
}  // namespace sluice::cli
