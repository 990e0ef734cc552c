// Questions to the debugger over HTTP: answered in lines, on threads of their own, as long as
// somebody listens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "service/debuggable.h"
#include "service/router.h"
#include "service/router_api.h"
#include "service/tests/fake_backend.h"

namespace sluice::service {
namespace {

class DebugBackend final : public FakeBackend, public Debuggable {
 public:
  bool Debugs(const std::string& verb) const override { return verb == "count"; }
  // Counts up to `limit`, or for ever.
  void Debug(const DebugQuery& query, const std::function<bool(std::string line)>& emit,
             std::stop_token stop) override {
    const auto limit = query.parameters.find("limit");
    for (uint64_t i = 0; limit == query.parameters.end() || i < std::stoull(limit->second); ++i) {
      if (stop.stop_requested() || !emit(std::to_string(i))) break;
    }
    ended = true;
    ended.notify_all();
  }
  Answer<std::string> ResolveAt(const ResolveQuery& query, const ReadAt& at) override {
    return R"({"name":")" + query.name + R"(","at":")" + at.exact + "\"}";
  }
  std::atomic<bool> ended = false;
};

class DebugRoutes : public ::testing::Test {
 protected:
  static RouterOptions Options() {
    RouterOptions options;
    options.now_us = [] { return int64_t{0}; };
    return options;
  }
  Reply Ask(const std::string& target, const std::string& method = "GET") {
    Request request;
    request.method = method;
    request.target = target;
    return router_.HandleNow(std::move(request));
  }

  DebugBackend backend_;
  NoTimers timers_;
  Router router_{backend_, timers_, Options()};
};

TEST_F(DebugRoutes, LinesComeInOrderToTheEnd) {
  RouterApi api(router_, "here");
  std::vector<std::string> lines;
  const auto streamed =
      api.Stream({.target = "/debug/count?limit=200000"}, [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
      });
  ASSERT_TRUE(streamed) << streamed.error().message;
  EXPECT_EQ(streamed->end, StreamEnd::kServer);
  ASSERT_EQ(lines.size(), 200'000u);
  EXPECT_EQ(lines[123'456], "123456");
  EXPECT_EQ(backend_.debugging, 0);
}

TEST_F(DebugRoutes, WhoeverGoesAwayEndsTheQuestion) {
  {
    RouterApi api(router_, "here");
    const auto streamed =
        api.Stream({.target = "/debug/count"}, [](std::string_view) { return false; });
    ASSERT_TRUE(streamed);
    EXPECT_EQ(streamed->end, StreamEnd::kCaller);
  }
  backend_.ended.wait(false);
  EXPECT_EQ(backend_.debugging, 0);
}

TEST_F(DebugRoutes, SoManyAreAnsweredAtOnce) {
  std::vector<Reply> replies;
  for (int i = 0; i < 8; ++i) {
    replies.push_back(Ask("/debug/count"));
    EXPECT_NE(replies.back().stream, nullptr);
  }
  EXPECT_EQ(Ask("/debug/count").response.status, 503);
  replies.pop_back();
  EXPECT_NE(Ask("/debug/count?limit=0").stream, nullptr);
}

TEST_F(DebugRoutes, UnknownQuestionsAndMethodsAreRefused) {
  EXPECT_EQ(Ask("/debug/unicorn").response.status, 404);
  EXPECT_EQ(Ask("/debug").response.status, 404);
  EXPECT_EQ(Ask("/debug/count", "POST").response.status, 405);
}

TEST_F(DebugRoutes, ResolveReadsThePast) {
  const Reply reply = Ask("/resolve/default/web?resourceVersionMatch=Exact&resourceVersion=0:7");
  EXPECT_EQ(reply.response.body, R"({"name":"web","at":"0:7"})");
}

}  // namespace
}  // namespace sluice::service
