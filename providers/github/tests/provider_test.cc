// The provider between a node and a GitHub in memory; no sleep, time moves when the test says so.
#include "providers/github/provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

namespace sluice::github {
namespace {

using Json = nlohmann::json;

// One pull request, and faults that are due before it answers.
class FakeGitHub : public Transport {
 public:
  Result<HttpReply> Send(const HttpCall& call) override {
    log.push_back(call.method + " " + call.url.substr(call.url.find("/repos/a/b/") + 11));
    if (!faults.empty()) {
      const HttpReply fault = faults.front();
      faults.pop_front();
      if (fault.status == 0) return Err(ErrorCode::kUnavailable, "timed out");
      if (fault.status != 200) return fault;
    }
    HttpReply reply{200, {{"date", "Sat, 21 Nov 2026 10:00:09 GMT"}}, "{}"};
    if (call.method == "POST") labels.push_back(Json::parse(call.body)["labels"][0]);
    if (call.method == "DELETE") {
      std::erase(labels, "sluice/" + call.url.substr(call.url.rfind("%2F") + 3));
    }
    if (call.method == "PUT") {
      reply.body = R"({"merged":true,"sha":"m1"})";
      state = "closed";
      merged = true;
    }
    if (call.method == "GET") reply.body = Pull();
    return reply;
  }
  std::string Pull() const {
    Json named = Json::array();
    for (const std::string& label : labels) named.push_back({{"name", label}});
    return Json{{"labels", named},        {"state", state},
                {"merged", merged},       {"merge_commit_sha", "m1"},
                {"head", {{"sha", sha}}}, {"updated_at", "2026-11-21T10:00:00Z"}}
        .dump();
  }

  std::vector<std::string> labels;
  std::string state = "open";
  bool merged = false;
  std::string sha = "a1";
  std::vector<std::string> log;
  std::deque<HttpReply> faults;
};

// The object and the lease as a node shows them, and what it was told.
class FakeNode : public Api {
 public:
  Result<HttpResponse> Call(const HttpRequest& request) override {
    if (away) return Err(ErrorCode::kUnavailable, "nobody answers");
    HttpResponse response{200, {}, ""};
    if (request.method == "POST") {
      const Json command = Json::parse(request.body);
      if (command["command"] == "AcquireLease") {
        response.body = R"({"accepted":true,"reply":{"type":"LeaseGranted","payload":{"term":4}}})";
      } else {
        told.push_back(command);
        response.body = R"({"accepted":true})";
      }
    } else if (request.target.find("/locations/") != std::string::npos) {
      response.body = Json{{"status", {{"lease", {{"holder", holder}, {"term", term}}}}}}.dump();
    } else {
      response.body = Json{{"metadata", {{"uid", "u1"}}},
                           {"spec", {{"repository", "a/b"}, {"number", 1}}},
                           {"status", {{"labels", labels}, {"headSha", "a1"}}}}
                          .dump();
    }
    return response;
  }
  Result<StreamOutcome> Stream(const HttpRequest&, const LineCallback&, std::stop_token) override {
    return Err(ErrorCode::kUnavailable, "not here");
  }
  std::string address() const override { return "fake"; }

  bool away = false;
  std::string holder = "me";
  int term = 4;
  std::vector<std::string> labels;
  std::vector<Json> told;
};

class ProviderTest : public ::testing::Test {
 protected:
  ProviderTest() { lease_.Check(); }

  void Pend(std::vector<std::pair<std::string, std::string>> actions, uint64_t attempt = 1) {
    PendingWork work{.entity = {"pullrequest", "default", "a--b--1"}, .actions = {}};
    for (const auto& [verb, target] : actions)
      work.actions.push_back({verb, target, "u1", attempt, 1});
    provider_.OnActions({work});
  }
  Json Told(size_t i) const { return node_.told.at(i)["payload"]; }
  std::string Command(size_t i) const { return node_.told.at(i)["command"]; }
  static HttpReply Status(int status) { return {status, {}, R"({"message":"no"})"}; }

  Time now_{1'795'255'265'000'000};
  FakeGitHub github_;
  FakeNode node_;
  Client client_{{.api_url = "https://api.test", .token = "t"}, github_, [this] { return now_; }};
  Lease lease_{node_, "github", "me", "s"};
  Provider provider_{node_, client_, lease_, "s", [this] { return now_; }};
};

TEST_F(ProviderTest, ReadsAndTellsWhatItIsAskedFor) {
  github_.labels = {"bug"};
  Pend({{"FetchPullRequest", ""}}, 7);
  provider_.Step();
  ASSERT_EQ(node_.told.size(), 1U);
  EXPECT_EQ(Command(0), "ObserveGitHub");
  EXPECT_EQ(Told(0), Json::parse(R"({"labels":["bug"],"state":"open","merged":false,"sha":"a1",
    "at":"2026-11-21T10:00:00Z","complete":true,"request":7,"uid":"u1","leaseTerm":4})"));
  EXPECT_EQ(github_.log, std::vector<std::string>{"GET pulls/1"}) << "no rule reads anything else";
}

TEST_F(ProviderTest, EachLabelIsReportedOnItsOwn) {
  github_.labels = node_.labels = {"sluice/discovered", "bug"};
  Pend({{"AddLabel", "sluice/qualified"}, {"RemoveLabel", "sluice/discovered"}});
  provider_.Step();
  EXPECT_EQ(github_.labels, (std::vector<std::string>{"bug", "sluice/qualified"}));
  ASSERT_EQ(node_.told.size(), 2U);
  EXPECT_EQ(Told(0)["label"], "sluice/qualified");
  EXPECT_EQ(Told(0)["at"], "2026-11-21T10:00:09Z");
  EXPECT_EQ(Told(1)["action"], "RemoveLabel");
  EXPECT_EQ(Told(1)["done"], true);
}

// GitHub has no atomic change: what was done is told, and what was not.
TEST_F(ProviderTest, AHalfDoneChangeIsToldAsSuch) {
  github_.labels = node_.labels = {"sluice/discovered"};
  github_.faults = {Status(200), Status(200), Status(403)};
  Pend({{"AddLabel", "sluice/qualified"}, {"RemoveLabel", "sluice/discovered"}});
  provider_.Step();
  ASSERT_EQ(node_.told.size(), 2U);
  EXPECT_EQ(Told(0)["done"], true);
  EXPECT_EQ(Told(1)["done"], false);
  EXPECT_THAT(Told(1)["message"], ::testing::HasSubstr("403"));
}

TEST_F(ProviderTest, AStaleLabelActionIsDropped) {
  node_.labels = {"sluice/discovered"};
  github_.labels = {"sluice/failed"};
  Pend({{"AddLabel", "sluice/qualified"}, {"RemoveLabel", "sluice/discovered"}});
  provider_.Step();
  EXPECT_EQ(github_.labels, std::vector<std::string>{"sluice/failed"});
  ASSERT_EQ(node_.told.size(), 1U);
  EXPECT_EQ(Command(0), "ObserveGitHub");
  EXPECT_EQ(Told(0)["labels"], Json::array({"sluice/failed"}));
  EXPECT_EQ(Told(0).count("request"), 0U) << "nobody asked for it";
}

TEST_F(ProviderTest, BacksOffFromServerErrorsAndTellsTheFifth) {
  for (int i = 0; i < 5; ++i) github_.faults.push_back(i % 2 ? HttpReply{} : Status(502));
  Pend({{"FetchPullRequest", ""}});
  std::vector<int64_t> waits;
  for (int i = 0; i < 5; ++i) {
    provider_.Step();
    waits.push_back((provider_.NextDue() - now_).us / 1'000'000);
    now_ = provider_.NextDue();
  }
  EXPECT_EQ(waits, (std::vector<int64_t>{1, 2, 4, 8, 16}));
  ASSERT_EQ(node_.told.size(), 1U);
  EXPECT_EQ(Command(0), "ReportFetchFailed");
  EXPECT_EQ(Told(0)["request"], 1);
  provider_.Step();
  EXPECT_EQ(Command(1), "ObserveGitHub");
}

TEST_F(ProviderTest, WhatIsNotThereIsToldAtOnce) {
  github_.faults = {Status(404)};
  Pend({{"FetchPullRequest", ""}});
  provider_.Step();
  ASSERT_EQ(node_.told.size(), 1U);
  EXPECT_EQ(Told(0)["reason"], "NotFound");
}

TEST_F(ProviderTest, ARateLimitStopsEverythingAndIsNoFailure) {
  github_.faults = {HttpReply{429, {{"retry-after", "30"}}, "{}"}};
  Pend({{"FetchPullRequest", ""}});
  provider_.Step();
  provider_.Step();
  EXPECT_EQ(github_.log.size(), 1U);
  EXPECT_TRUE(node_.told.empty());
  EXPECT_EQ(provider_.NextDue(), now_ + Duration::Seconds(30));
  now_ = provider_.NextDue();
  provider_.Step();
  EXPECT_EQ(Command(0), "ObserveGitHub");
}

TEST_F(ProviderTest, MergesTheCommitThatWasDecidedOn) {
  Pend({{"Merge", ""}});
  provider_.Step();
  EXPECT_EQ(Told(0),
            Json::parse(R"({"sha":"a1","merged":true,"mergeSha":"m1","uid":"u1","leaseTerm":4})"));
}

TEST_F(ProviderTest, AMergeWhoseAnswerWasLostIsNotTriedAgain) {
  github_.state = "closed";
  github_.merged = true;
  Pend({{"Merge", ""}});
  provider_.Step();
  EXPECT_EQ(Command(0), "ObserveGitHub");
  EXPECT_EQ(Told(0)["merged"], true);
  EXPECT_EQ(github_.log, std::vector<std::string>{"GET pulls/1"});
}

TEST_F(ProviderTest, ANewerCommitIsNotMerged) {
  github_.sha = "a2";
  Pend({{"Merge", ""}});
  provider_.Step();
  EXPECT_EQ(Command(0), "ObserveGitHub");
  EXPECT_FALSE(github_.merged);
}

TEST_F(ProviderTest, ARefusedMergeSaysWhy) {
  github_.faults = {Status(200), Status(405)};
  Pend({{"Merge", ""}});
  provider_.Step();
  EXPECT_EQ(Told(0)["merged"], false);
  EXPECT_EQ(Told(0)["reason"], "NotMergeable");
}

TEST_F(ProviderTest, NothingIsDoneWithoutTheLease) {
  node_.holder = "another";
  node_.term = 5;
  Pend({{"FetchPullRequest", ""}});
  provider_.Step();
  EXPECT_TRUE(github_.log.empty());
  EXPECT_EQ(lease_.state(), Lease::State::kAnother);
  EXPECT_THAT(lease_.message(), ::testing::HasSubstr("sluice provider take-over"));
  node_.holder = "me";  // Taken over for this one.
  EXPECT_EQ(lease_.Check(), Lease::State::kHeld);
}

TEST_F(ProviderTest, AnotherRunOfTheSameNameEndsThisOne) {
  node_.term = 5;
  EXPECT_EQ(lease_.Check(), Lease::State::kRetaken);
}

TEST_F(ProviderTest, ANodeThatIsAwayIsTriedAgain) {
  Pend({{"FetchPullRequest", ""}});
  node_.away = true;
  provider_.Step();
  EXPECT_TRUE(node_.told.empty());
  node_.away = false;
  now_ = now_ + Duration::Seconds(5);
  provider_.Step();
  EXPECT_EQ(node_.told.size(), 1U);
}

}  // namespace
}  // namespace sluice::github
