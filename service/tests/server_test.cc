// The server over real sockets on loopback.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "service/client/http_client.h"
#include "service/metrics.h"
#include "service/tests/server_fixture.h"

namespace sluice::service {
namespace {

constexpr char kWeb[] = "/apis/sluice.dev/v1/namespaces/default/bindings/web";
constexpr char kWatch[] = "/apis/sluice.dev/v1/bindings?watch=true&allowWatchBookmarks=true";

TEST_F(ServerTest, KeepsTheConnection) {
  backend_.Put(web_, "");
  TestClient client(port());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.Get(kWeb);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("content-type"), "application/json");
    EXPECT_NE(response.body.find("\"web\""), std::string::npos);
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  backend_.Put(web_, "");
  TestClient client(port());
  client.Send(std::string("GET ") + kWeb + " HTTP/1.1\r\nHost: localhost\r\n\r\n" +
              Post("/commands", "{}") + "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(client.Read().body.find("\"web\""), std::string::npos);
  EXPECT_NE(client.Read().body.find("accepted"), std::string::npos);
  EXPECT_EQ(client.Read().status, 404);
}

// What is no answer says when to try again: in the header and, where lines are answered, in each.
TEST_F(ServerTest, SaysWhenToTryAgain) {
  TestClient client(port());
  backend_.next_answer = Fail(ApiError::Unavailable("the queue is full; nothing was recorded"));
  client.Send(Post("/commands", "{}"));
  const auto full = client.Read();
  EXPECT_EQ(full.status, 503);
  ASSERT_TRUE(full.headers.contains("retry-after")) << full.body;
  EXPECT_EQ(full.headers.at("retry-after"), "1");
  client.Send(Post("/commands", "{}\n{}"));
  const auto lines = client.Read();
  EXPECT_EQ(lines.status, 200);
  EXPECT_FALSE(lines.headers.contains("retry-after"));
  EXPECT_NE(lines.body.find("\"retryAfterSeconds\":1"), std::string::npos) << lines.body;
  backend_.keep_answers = true;  // nobody decides it
  client.Send(Post("/commands?timeoutSeconds=0", "{}"));
  const auto late = client.Read();
  EXPECT_EQ(late.status, 504);
  ASSERT_TRUE(late.headers.contains("retry-after")) << late.body;
  EXPECT_EQ(late.headers.at("retry-after"), "1");
}

TEST_F(ServerTest, ClosesWhenAskedTo) {
  TestClient client(port());
  client.Send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_TRUE(client.AtEnd());
  TestClient old(port());
  old.Send("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.Read().status, 200);
  EXPECT_TRUE(old.AtEnd());
}

TEST_F(ServerTest, ContinuesWhenAskedTo) {
  TestClient client(port());
  client.Send(
      "POST /commands HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  client.Send("{}");
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerTest, MalformedRequestsGetAStatus) {
  for (const char* bad :
       {"nonsense\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"}) {
    TestClient client(port());
    client.Send(bad);
    const auto response = client.Read();
    EXPECT_EQ(response.status, 400) << bad;
    EXPECT_NE(response.body.find("\"kind\":\"Status\""), std::string::npos) << bad;
    EXPECT_TRUE(client.AtEnd());
  }
}

TEST_F(ServerTest, OversizeIsRefusedAndTheAnswerArrives) {
  TestClient client(port());
  client.Send("POST /commands HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n" +
              std::string(100'000, 'x'));
  EXPECT_EQ(client.Read().status, 413);
  EXPECT_TRUE(client.AtEnd());

  TestClient chunked(port());
  chunked.Send("POST /commands HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
               std::string("A00000\r\n") + std::string(100'000, 'x'));
  EXPECT_EQ(chunked.Read().status, 413);

  TestClient head(port());
  head.Send("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(head.Read().status, 431);
}

TEST_F(ServerTest, DribblingClientsAreDropped) {
  ServerOptions options;
  options.head_timeout = options.body_timeout = std::chrono::milliseconds(50);
  Start(options);
  TestClient head(port());
  head.Send("GET / HT");
  EXPECT_TRUE(head.AtEnd());
  TestClient body(port());
  body.Send("POST /commands HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{");
  EXPECT_TRUE(body.AtEnd());
  TestClient idle(port());
  EXPECT_TRUE(idle.AtEnd());
}

TEST_F(ServerTest, ConnectionsAreBounded) {
  ServerOptions options;
  options.connections_max = 1;
  Start(options);
  TestClient first(port());
  EXPECT_EQ(first.Get("/healthz").status, 200);
  TestClient second(port());
  EXPECT_EQ(second.Read().status, 503);
  EXPECT_EQ(first.Get("/healthz").status, 200);
}

TEST_F(ServerTest, AnswersFromAnotherThread) {
  backend_.keep_answers = true;
  TestClient client(port());
  client.Send(Post("/commands", "{}"));
  while (backend_.kept() == 0) std::this_thread::yield();
  backend_.AnswerKept({R"({"accepted":true})", true, "", "", "0:1", true});
  EXPECT_EQ(client.Read().body, R"({"accepted":true})");
}

TEST_F(ServerTest, DeadlinesPass) {
  backend_.keep_answers = true;
  TestClient client(port());
  client.Send(Post("/commands?timeoutSeconds=0", "{}"));
  EXPECT_EQ(client.Read().status, 504);
  EXPECT_EQ(client.Get(std::string(kWeb) + "?resourceVersion=99&timeoutSeconds=0").status, 504);
}

TEST_F(ServerTest, WatchStreamsAndResumes) {
  backend_.Put(web_, "");
  std::string version;
  {
    TestClient client(port());
    const auto head = client.Get(kWatch);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.headers.at("transfer-encoding"), "chunked");
    EXPECT_NE(client.ReadChunk().find("\"ADDED\""), std::string::npos);
    EXPECT_NE(client.ReadChunk().find("\"BOOKMARK\""), std::string::npos);
    version = backend_.Put(web_, "");
    EXPECT_NE(client.ReadChunk().find("\"MODIFIED\""), std::string::npos);
  }
  backend_.Remove(web_);
  TestClient client(port());
  EXPECT_EQ(client.Get(std::string(kWatch) + "&resourceVersion=" + version).status, 200);
  EXPECT_NE(client.ReadChunk().find("\"DELETED\""), std::string::npos);
  backend_.Forget();
  EXPECT_EQ(TestClient(port()).Get(std::string(kWatch) + "&resourceVersion=" + version).status,
            410);
}

TEST_F(ServerTest, WatchThatFellBehindEnds) {
  backend_.Put(web_, "");
  TestClient client(port());
  client.Get(kWatch);
  client.ReadChunk();
  client.ReadChunk();
  backend_.Forget();
  EXPECT_NE(client.ReadChunk().find("\"code\":410"), std::string::npos);
  EXPECT_EQ(client.ReadChunk(), "");
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, WatcherThatDoesNotReadIsDropped) {
  ServerOptions options;
  options.write_timeout = std::chrono::milliseconds(100);
  Start(options);
  const std::string big = R"("spec":")" + std::string(1'000'000, 'x') + "\"";
  TestClient client(port());
  client.Get(kWatch);
  for (int i = 0; i < 30; ++i) backend_.Put(web_, big);
  while (router_.counters()->streams_open != 0) std::this_thread::yield();
}

TEST_F(ServerTest, WatchEndsWhenTheClientGoes) {
  {
    TestClient client(port());
    client.Get(kWatch);
    client.ReadChunk();
  }
  while (router_.counters()->streams_open != 0) std::this_thread::yield();
  while (router_.counters()->connections_open != 0) std::this_thread::yield();
}

TEST_F(ServerTest, OldClientsGetAWatchWithoutChunks) {
  backend_.Put(web_, "");
  TestClient client(port());
  client.Send("GET /logs/default/web HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.Read().headers.count("transfer-encoding"), 0U);
}

TEST_F(ServerTest, StopAnswersWhatIsInFlightAndEndsWatches) {
  backend_.keep_answers = true;
  TestClient idle(port()), busy(port()), watcher(port());
  EXPECT_EQ(idle.Get("/healthz").status, 200);
  watcher.Get(kWatch);
  watcher.ReadChunk();
  busy.Send(Post("/commands", "{}"));
  while (backend_.kept() == 0) std::this_thread::yield();
  std::thread stopper([this] { server_->Stop(); });
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_NE(watcher.ReadChunk().find("BOOKMARK"), std::string::npos);
  EXPECT_EQ(watcher.ReadChunk(), "");
  EXPECT_TRUE(watcher.AtEnd());
  backend_.AnswerKept({R"({"accepted":true})", true, "", "", "0:1", true});
  EXPECT_EQ(busy.Read().status, 200);
  EXPECT_TRUE(busy.AtEnd());
  busy.ShutdownSend();
  stopper.join();
  EXPECT_EQ(router_.counters()->connections_open, 0U);
}

TEST_F(ServerTest, StopDoesNotWaitForEver) {
  ServerOptions options;
  options.stop_grace = std::chrono::milliseconds(20);
  Start(options);
  backend_.keep_answers = true;
  TestClient client(port());
  client.Send(Post("/commands", "{}"));
  while (backend_.kept() == 0) std::this_thread::yield();
  server_->Stop();
  EXPECT_EQ(client.Read().status, 0);
  server_.reset();
  backend_.AnswerKept({"{}", true, "", "", "0:1", true});  // finds nobody
}

TEST_F(ServerTest, OffLoopbackIsRefused) {
  const auto open = Server::Start(router_, {"0.0.0.0", 0});
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().message.find("needs TLS and authentication"), std::string::npos);
}

TEST_F(ServerTest, SpeaksWithOurOwnClient) {
  backend_.Put(web_, "");
  HttpClient client("http://127.0.0.1:" + std::to_string(port()));
  EXPECT_EQ(client.Call({.target = kWeb})->status, 200);
  EXPECT_EQ(client.Call({.method = "POST", .target = "/commands", .body = "{}"})->status, 200);
  EXPECT_EQ(client.Call({.target = "/logs/default/web"})->body, "one\ntwo\n");
  std::vector<std::string> lines;
  const auto outcome = client.Stream({.target = kWatch}, [&](std::string_view line) {
    lines.emplace_back(line);
    if (lines.size() == 2) server_->Stop();
    return true;
  });
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->end, StreamEnd::kServer);
  ASSERT_EQ(lines.size(), 3U);  // what is there, a bookmark, and one more as the server stops
  EXPECT_NE(lines[2].find("BOOKMARK"), std::string::npos);
}

TEST_F(ServerTest, APortInUseIsNamed) {
  const auto second = Server::Start(router_, {"127.0.0.1", port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string(port()) + ": Address already in use");
}

TEST_F(ServerTest, ManyClientsAtOnce) {
  backend_.Put(web_, "");
  std::vector<std::thread> threads;
  threads.reserve(8);
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      TestClient client(port());
      for (int request = 0; request < 200; ++request) {
        if (client.Get(kWeb).status == 200) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 1600);
}

}  // namespace
}  // namespace sluice::service
