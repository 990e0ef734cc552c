// The REST client against a transport that answers as GitHub does: ETags, both rate limits, paging.
#include "providers/github/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "providers/github/pull_request.h"

namespace sluice::github {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Time kStart{1'795'255'265'000'000};

class Scripted : public Transport {
 public:
  Result<HttpReply> Send(const HttpCall& call) override {
    calls.push_back(call);
    if (replies.empty()) return Err(ErrorCode::kUnavailable, "{}: connection refused", call.url);
    Result<HttpReply> reply = replies.front();
    replies.pop_front();
    return reply;
  }
  void Add(int status, std::map<std::string, std::string> headers, std::string body) {
    replies.emplace_back(HttpReply{status, std::move(headers), std::move(body)});
  }

  std::vector<HttpCall> calls;
  std::deque<Result<HttpReply>> replies;
};

class ClientTest : public ::testing::Test {
 protected:
  std::string SentHeader(size_t call, const std::string& name) const {
    for (const auto& [key, value] : transport_.calls.at(call).headers) {
      if (key == name) return value;
    }
    return "";
  }

  Time now_ = kStart;
  Scripted transport_;
  Client client_{
      {.api_url = "https://api.test", .token = "s3cret"}, transport_, [this] { return now_; }};
};

TEST_F(ClientTest, WhatHasNotChangedComesFromTheCache) {
  transport_.Add(200, {{"etag", "\"1\""}}, "one");
  transport_.Add(304, {{"date", "Sat, 21 Nov 2026 10:00:00 GMT"}}, "");
  transport_.Add(200, {{"etag", "\"2\""}}, "two");
  EXPECT_EQ(client_.Get("/x")->body, "one");
  EXPECT_EQ(client_.Get("/x")->body, "one");
  EXPECT_EQ(client_.Get("/x")->body, "two");
  EXPECT_EQ(SentHeader(0, "If-None-Match"), "");
  EXPECT_EQ(SentHeader(1, "If-None-Match"), "\"1\"");
  EXPECT_EQ(SentHeader(2, "If-None-Match"), "\"1\"");
  EXPECT_EQ(SentHeader(0, "Authorization"), "Bearer s3cret");
  EXPECT_EQ(transport_.calls[0].url, "https://api.test/x");
}

TEST_F(ClientTest, TheCacheIsBounded) {
  Client small({.api_url = "https://api.test", .token = "", .cache_bytes_max = 10}, transport_,
               [this] { return now_; });
  transport_.Add(200, {{"etag", "a"}}, "12345678");
  transport_.Add(200, {{"etag", "b"}}, "12345678");
  transport_.Add(200, {}, "again");
  ASSERT_TRUE(small.Get("/a"));
  ASSERT_TRUE(small.Get("/b"));
  ASSERT_TRUE(small.Get("/a"));
  EXPECT_EQ(SentHeader(2, "If-None-Match"), "");
}

TEST_F(ClientTest, ThePrimaryLimitHoldsUntilItsReset) {
  const int64_t reset = kStart.us / 1'000'000 + 90;
  transport_.Add(403,
                 {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", std::to_string(reset)}},
                 R"({"message":"API rate limit exceeded"})");
  const auto refused = client_.Get("/x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Fault::Kind::kRateLimited);
  EXPECT_EQ(refused.error().until, Time{reset * 1'000'000});
  now_ = now_ + Duration::Seconds(89);
  ASSERT_FALSE(client_.Get("/x"));
  EXPECT_EQ(transport_.calls.size(), 1U) << "nothing is sent while the limit holds";
  now_ = now_ + Duration::Seconds(1);
  transport_.Add(200, {}, "there");
  EXPECT_TRUE(client_.Get("/x"));
}

// The last request that is allowed is answered; the next is not sent.
TEST_F(ClientTest, TheLastRequestBeforeTheLimitIsAnswered) {
  const int64_t reset = kStart.us / 1'000'000 + 10;
  transport_.Add(
      200, {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", std::to_string(reset)}}, "there");
  EXPECT_TRUE(client_.Get("/x"));
  const auto next = client_.Get("/x");
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().kind, Fault::Kind::kRateLimited);
}

TEST_F(ClientTest, TheSecondaryLimitHoldsForRetryAfterOrAMinute) {
  transport_.Add(403, {{"retry-after", "7"}, {"x-ratelimit-remaining", "4000"}},
                 R"({"message":"You have exceeded a secondary rate limit"})");
  EXPECT_EQ(client_.Get("/x").error().until, kStart + Duration::Seconds(7));
  now_ = now_ + Duration::Seconds(7);
  transport_.Add(429, {}, R"({"message":"slow down"})");
  EXPECT_EQ(client_.Get("/x").error().until, now_ + Duration::Minutes(1));
}

TEST_F(ClientTest, AForbiddenOneIsNoLimit) {
  transport_.Add(403, {{"x-ratelimit-remaining", "10"}},
                 R"({"message":"Resource not accessible by personal access token"})");
  const auto refused = client_.Get("/x");
  EXPECT_EQ(refused.error().kind, Fault::Kind::kRefused);
  EXPECT_THAT(refused.error().message, HasSubstr("403 Resource not accessible"));
  EXPECT_FALSE(client_.limited_until().IsSet());
}

TEST_F(ClientTest, ServerErrorsAndBrokenConnectionsAreWorthAnotherTry) {
  transport_.Add(502, {}, "<html>");
  EXPECT_EQ(client_.Get("/x").error().kind, Fault::Kind::kTransient);
  EXPECT_EQ(client_.Get("/x").error().kind, Fault::Kind::kTransient);
  transport_.Add(503, {{"retry-after", "20"}}, "");
  EXPECT_EQ(client_.Get("/x").error().until, kStart + Duration::Seconds(20));
}

TEST_F(ClientTest, TheTokenIsInNoMessage) {
  transport_.Add(401, {}, R"({"message":"Bad credentials"})");
  EXPECT_THAT(client_.Get("/x").error().message, Not(HasSubstr("s3cret")));
  EXPECT_THAT(client_.Get("/x").error().message, Not(HasSubstr("s3cret")));
}

TEST_F(ClientTest, PagesAreFollowedAndBounded) {
  const std::string link =
      R"(<https://api.test/l?page=1>; rel="prev", <https://api.test/l?page=3>; rel="next")";
  bool more = false;
  transport_.Add(200, {{"link", link}}, "[1]");
  transport_.Add(200, {}, "[2]");
  EXPECT_EQ(client_.GetPages("/l", 10, &more).value(), (std::vector<std::string>{"[1]", "[2]"}));
  EXPECT_FALSE(more);
  EXPECT_EQ(transport_.calls[1].url, "https://api.test/l?page=3");
  transport_.Add(200, {{"link", link}}, "[1]");
  EXPECT_EQ(client_.GetPages("/l", 1, &more)->size(), 1U);
  EXPECT_TRUE(more);
}

TEST_F(ClientTest, TheTokenGoesToNoOtherHost) {
  bool more = false;
  transport_.Add(200, {{"link", R"(<https://api.test.evil/l?page=2>; rel="next")"}}, "[1]");
  EXPECT_FALSE(client_.GetPages("/l", 10, &more));
  EXPECT_EQ(transport_.calls.size(), 1U);
}

TEST_F(ClientTest, RemovingWhatIsNotThereIsDone) {
  transport_.Add(404, {}, R"({"message":"Label does not exist"})");
  EXPECT_TRUE(RemoveLabel(client_, {"a/b", 1}, "sluice/merged"));
  EXPECT_EQ(transport_.calls[0].method, "DELETE");
  EXPECT_EQ(transport_.calls[0].url, "https://api.test/repos/a/b/issues/1/labels/sluice%2Fmerged");
}

// A comment after an approval takes nothing back; changes that are asked for do.
TEST_F(ClientTest, ApprovalsAreOfPeopleNotOfReviews) {
  transport_.Add(200, {}, R"({"state":"open","head":{"sha":"a1"},"updated_at":"t","labels":[]})");
  transport_.Add(200, {}, R"([
    {"user":{"login":"ann"},"state":"APPROVED"},{"user":{"login":"ann"},"state":"COMMENTED"},
    {"user":{"login":"bob"},"state":"APPROVED"},{"user":{"login":"bob"},"state":"CHANGES_REQUESTED"},
    {"user":{"login":"cem"},"state":"APPROVED"},{"user":{"login":"cem"},"state":"APPROVED"}])");
  EXPECT_EQ(Observe(client_, {"a/b", 1}, {.approvals = true})->approvals, 2);
}

TEST_F(ClientTest, FilesThatCannotAllBeListedSaySo) {
  transport_.Add(200, {},
                 R"({"state":"open","head":{"sha":"a1"},"updated_at":"t","changed_files":3})");
  transport_.Add(200, {}, R"([{"filename":"new","previous_filename":"old"}])");
  const auto seen = Observe(client_, {"a/b", 1}, {.files = true});
  EXPECT_EQ(seen->files, (std::vector<std::string>{"new", "old"}));
  EXPECT_TRUE(seen->files_truncated);
}

TEST_F(ClientTest, CheckRunsAndStatusesAreChecks) {
  transport_.Add(200, {}, R"({"state":"open","head":{"sha":"a1"},"updated_at":"t"})");
  transport_.Add(200, {}, R"({"total_count":2,"check_runs":[
    {"name":"ci","status":"completed","conclusion":"success"},
    {"name":"lint","status":"in_progress","conclusion":null}]})");
  transport_.Add(200, {},
                 R"({"state":"pending","statuses":[{"context":"old-ci","state":"failure"}]})");
  EXPECT_EQ(Observe(client_, {"a/b", 1}, {.checks = true})->checks,
            (std::map<std::string, std::string>{
                {"ci", "success"}, {"lint", "pending"}, {"old-ci", "failure"}}));
}

TEST_F(ClientTest, WhatIsNotAsDocumentedIsRefused) {
  transport_.Add(200, {}, "[]");
  EXPECT_EQ(ReadPullRequest(client_, {"a/b", 1}).error().kind, Fault::Kind::kRefused);
}

TEST(HttpDate, IsRead) {
  EXPECT_EQ(FormatTime(ParseHttpDate("Sat, 21 Nov 2026 10:00:00 GMT")), "2026-11-21T10:00:00Z");
  EXPECT_FALSE(ParseHttpDate("yesterday").IsSet());
}

}  // namespace
}  // namespace sluice::github
