#include "service/client/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "service/client/line_splitter.h"
#include "service/client/tests/fake_server.h"
#include "service/client/url.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using testing::FakeEnd;
using testing::FakeReply;
using testing::FakeRequest;
using testing::FakeServer;
using ::testing::HasSubstr;

TEST(HttpClient, CallsTakeTurnsOverOneConnection) {
  FakeServer server([](const FakeRequest& r) { return FakeReply{.body = r.method + r.target}; });
  HttpClient client(server.url());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.Call({.method = "POST", .target = "/commands", .body = "{}"});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "POST/commands");
    EXPECT_EQ(response->headers.at("content-type"), "application/json");
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(server.requests()[0].headers.at("content-type"), "application/json");
}

TEST(HttpClient, GoesOnAfterTheServerClosedAKeptConnection) {
  FakeServer server([](const FakeRequest&) { return FakeReply{.body = "x", .close = true}; });
  HttpClient client(server.url());
  EXPECT_TRUE(client.Call({.target = "/a"}));
  EXPECT_TRUE(client.Call({.target = "/b"}));
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpClient, ErrorStatusesAreResponses) {
  FakeServer server([](const FakeRequest&) { return FakeReply{.status = 404, .body = "no"}; });
  HttpClient client(server.url() + "/");
  const auto response = client.Call({.target = "/x"});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 404);
  EXPECT_FALSE(response->ok());
}

TEST(HttpClient, ConnectionRefusedNamesTheServerAndSaysWhatToDo) {
  const std::string url = testing::UnusedUrl();
  HttpClient client(url);
  const auto response = client.Call({.target = "/"});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr(url));
  EXPECT_THAT(response.error().message, HasSubstr("connection refused"));
  EXPECT_THAT(response.error().message, HasSubstr("sluice up"));
}

TEST(HttpClient, ABrokenCommandIsNotSentTwice) {
  FakeServer server([](const FakeRequest&) { return FakeReply{.end = FakeEnd::kCut}; });
  HttpClient client(server.url());
  const auto response = client.Call({.method = "POST", .target = "/commands", .body = "{}"});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr("send it again under the same id"));
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(HttpClient, TimeoutIsUnavailable) {
  FakeServer server([](const FakeRequest&) { return FakeReply{.end = FakeEnd::kHold}; });
  HttpClient client(server.url());
  const auto response = client.Call({.target = "/slow", .timeout = Duration::Millis(30)});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr("did not answer GET /slow within 30ms"));
}

TEST(HttpClient, StreamDeliversWholeLinesWhateverTheChunks) {
  FakeServer server([](const FakeRequest&) {
    return FakeReply{.chunks = {"{\"a\":1}\n{\"b", "\":2}\r\n", "\nlast"}};
  });
  HttpClient client(server.url());
  std::vector<std::string> lines;
  const auto outcome = client.Stream({.target = "/w"}, [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->end, StreamEnd::kServer);
  EXPECT_THAT(lines, ElementsAre("{\"a\":1}", "{\"b\":2}", "", "last"));
}

TEST(HttpClient, StreamEndsWhenTheCallbackSaysSo) {
  FakeServer server(
      [](const FakeRequest&) { return FakeReply{.chunks = {"1\n2\n3\n"}, .end = FakeEnd::kHold}; });
  HttpClient client(server.url());
  int lines = 0;
  const auto outcome =
      client.Stream({.target = "/w"}, [&](std::string_view) { return ++lines < 2; });
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->end, StreamEnd::kCaller);
  EXPECT_EQ(lines, 2);
}

TEST(HttpClient, StopTokenEndsAStreamThatWaits) {
  FakeServer server(
      [](const FakeRequest&) { return FakeReply{.chunks = {"1\n"}, .end = FakeEnd::kHold}; });
  HttpClient client(server.url());
  std::stop_source stop;
  std::jthread stopper;
  const auto outcome = client.Stream(
      {.target = "/w"},
      [&](std::string_view) {
        stopper = std::jthread([&] { stop.request_stop(); });
        return true;
      },
      stop.get_token());
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->end, StreamEnd::kCaller);
}

TEST(HttpClient, AStreamMayBeBoundedInTime) {
  FakeServer server(
      [](const FakeRequest&) { return FakeReply{.chunks = {"1\n"}, .end = FakeEnd::kHold}; });
  HttpClient client(server.url());
  const auto outcome = client.Stream({.target = "/w", .stream_for = Duration::Millis(30)},
                                     [](std::string_view) { return true; });
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->end, StreamEnd::kElapsed);
}

TEST(HttpClient, ACutStreamIsUnavailableAndItsTornLineIsNotDelivered) {
  FakeServer server([](const FakeRequest&) {
    return FakeReply{.chunks = {"1\n", "torn"}, .end = FakeEnd::kCut};
  });
  HttpClient client(server.url());
  std::vector<std::string> lines;
  const auto outcome = client.Stream({.target = "/w"}, [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(lines, ElementsAre("1"));
}

TEST(HttpClient, ARefusedStreamCarriesItsBody) {
  FakeServer server([](const FakeRequest&) { return FakeReply{.status = 410, .body = "too old"}; });
  HttpClient client(server.url());
  const auto outcome = client.Stream({.target = "/w"}, [](std::string_view) { return true; });
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->end, StreamEnd::kRefused);
  EXPECT_EQ(outcome->response.status, 410);
  EXPECT_EQ(outcome->response.body, "too old");
}

TEST(ServerUrl, TakesTheUsualForms) {
  const auto full = ParseServerUrl("http://localhost:80/sluice/");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->host + "|" + full->port + "|" + full->prefix, "localhost|80|/sluice");
  const auto bare = ParseServerUrl("127.0.0.1");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->host + "|" + bare->port + "|" + bare->prefix, "127.0.0.1|7420|");
  const auto ipv6 = ParseServerUrl("http://[::1]:9");
  ASSERT_TRUE(ipv6);
  EXPECT_EQ(ipv6->host + "|" + ipv6->port, "::1|9");
}

TEST(ServerUrl, SaysWhatIsWrong) {
  for (const char* bad :
       {"https://x", "http://", "http://x:", "http://x:abc", "http://x:70000", "[::1", "[::1]9"}) {
    const auto url = ParseServerUrl(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_EQ(url.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(url.error().message, HasSubstr("http://127.0.0.1:7420"));
  }
  HttpClient client("https://example");
  EXPECT_EQ(client.Call({}).error().code, ErrorCode::kInvalid);
}

TEST(ServerUrl, EncodesQueries) {
  EXPECT_EQ(QueryString({{"labelSelector", "a=b,c"}, {"continue", ""}, {"limit", "5"}}),
            "?labelSelector=a%3Db%2Cc&limit=5");
}

}  // namespace
}  // namespace sluice
