// The provider as a program: a node over HTTP, a process of this host, threads and real time.
#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "providers/local/http_node_client.h"
#include "providers/local/local_provider.h"
#include "providers/local/tests/host_fixture.h"
#include "service/client/tests/fake_server.h"

namespace sluice::local {
namespace {

using Json = nlohmann::json;
using testing::FakeEnd;
using testing::FakeReply;
using testing::FakeRequest;
using testing::FakeServer;

std::string Line(const std::string& type, const Json& object) {
  return Json{{"type", type}, {"object", object}}.dump() + "\n";
}

FakeReply Stream(std::vector<std::string> lines) {
  FakeReply reply;
  reply.chunks = std::move(lines);
  reply.chunks.push_back(Line("BOOKMARK", Json::object()));
  reply.end = FakeEnd::kHold;
  return reply;
}

// A node with one location and one instance that is to be started.
class Node {
 public:
  explicit Node(std::string uid) : uid_(std::move(uid)) {}

  FakeReply Handle(const FakeRequest& request) {
    if (request.target.starts_with("/apis/sluice.dev/v1/locations?watch=true")) {
      return Stream({Line("ADDED", {{"metadata", {{"namespace", "default"}, {"name", "here"}}},
                                    {"spec", {{"provider", "local"}}}})});
    }
    if (request.target.starts_with("/actions?location=default%2Fhere&watch=true")) {
      return Stream({Line("ADDED", {{"entity", "instance/default/web"},
                                    {"verb", "StartInstance"},
                                    {"uid", uid_},
                                    {"generation", 1}})});
    }
    if (request.target == "/apis/sluice.dev/v1/namespaces/default/instances/web") {
      return {
          .body =
              Json{{"metadata",
                    {{"namespace", "default"}, {"name", "web"}, {"uid", uid_}, {"generation", 1}}},
                   {"spec",
                    {{"location", {{"name", "here"}}},
                     {"runtime", {{"process", {{"command", {"/bin/sleep", "1000"}}}}}}}}}
                  .dump()};
    }
    return Decide(Json::parse(request.body));
  }

  // Waits until the instance was reported to run; its pid.
  int AwaitRunning() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return pid_ != 0; });
    return pid_;
  }

 private:
  FakeReply Decide(const Json& command) {
    Json result{{"accepted", true}, {"position", "0:7"}};
    if (command["command"] == "AcquireLease") {
      result["reply"] = {{"type", "LeaseAcquired"}, {"payload", {{"term", 4}}}};
    }
    if (command["command"] == "ReportRunning") {
      EXPECT_EQ(command["payload"]["leaseTerm"], 4);
      const std::lock_guard lock(mutex_);
      pid_ = command["payload"]["pid"];
      changed_.notify_all();
    }
    return {.body = result.dump()};
  }

  const std::string uid_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int pid_ = 0;
};

TEST(LocalProvider, ServesANodeOverHttpAndItsProcessesOutliveIt) {
  TempDir dir;
  Node node("uid-" + dir.path().filename().string());
  FakeServer server([&](const FakeRequest& request) { return node.Handle(request); });
  LocalProviderOptions options;
  options.server_url = server.url();
  options.data_dir = dir.path();
  int pid = 0;
  {
    std::jthread provider(
        [&](const std::stop_token& stop) { EXPECT_EQ(RunLocalProvider(options, stop), 0); });
    pid = node.AwaitRunning();
  }
  EXPECT_EQ(kill(pid, 0), 0);

  // The next one takes it over and ends it, as it is told to.
  options.stop_processes = true;
  std::stop_source stopped;
  options.ready = [&] { stopped.request_stop(); };
  EXPECT_EQ(RunLocalProvider(options, stopped.get_token()), 0);
  EXPECT_NE(kill(pid, 0), 0);
}

TEST(LocalProvider, TwoOnOneDirectoryAreRefused) {
  TempDir dir;
  const TestHost host(dir.path());
  LocalProviderOptions options;
  options.server_url = testing::UnusedUrl();
  options.data_dir = dir.path();
  EXPECT_EQ(RunLocalProvider(options, {}), 3);
}

// What the node answers, and what the provider makes of it.
Result<CommandAnswer> AnswerTo(FakeReply reply) {
  FakeServer server([&](const FakeRequest&) { return reply; });
  EventLoop loop;
  HttpNodeClient client(server.url(), loop);
  std::optional<Result<CommandAnswer>> got;
  client.Send("{}", [&](Result<CommandAnswer> answer) { got = std::move(answer); });
  while (!got) loop.RunOne();
  return *got;
}

TEST(HttpNodeClient, TellsARefusalFromNotKnowing) {
  const auto accepted = AnswerTo({.body = R"({"accepted":true,"position":"0:9"})"});
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(accepted->accepted);
  EXPECT_EQ(accepted->position, "0:9");
  const auto rejected = AnswerTo(
      {.body = R"({"accepted":false,"rejection":{"code":"NotFound","message":"no such"}})"});
  ASSERT_TRUE(rejected);
  EXPECT_EQ(rejected->rejection_code, "NotFound");
  const auto malformed = AnswerTo({.status = 400, .body = R"({"reason":"BadRequest"})"});
  ASSERT_TRUE(malformed);
  EXPECT_FALSE(malformed->accepted);
  EXPECT_EQ(malformed->rejection_code, "BadRequest");
  EXPECT_EQ(AnswerTo({.status = 503, .body = "{}"}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(AnswerTo({.status = 202, .body = "{}"}).error().code, ErrorCode::kUnavailable);
}

TEST(HttpNodeClient, CommandsThatWaitTogetherGoTogether) {
  std::mutex mutex;
  std::condition_variable changed;
  bool all_sent = false;
  FakeServer server([&](const FakeRequest& request) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return all_sent; });
    FakeReply reply;
    std::istringstream lines(request.body);
    for (std::string line; std::getline(lines, line);) {
      const std::string id = Json::parse(line).at("id");
      const Json none{{"kind", "Status"}, {"code", 400}, {"reason", "BadRequest"}};
      reply.body += (id == "3" ? none : Json{{"accepted", true}, {"position", id}}).dump() + "\n";
    }
    return reply;
  });
  EventLoop loop;
  HttpNodeClient client(server.url(), loop);
  std::vector<std::string> told;
  for (int id = 1; id <= 5; ++id) {
    client.Send(Json{{"id", std::to_string(id)}}.dump(), [&](const Result<CommandAnswer>& answer) {
      ASSERT_TRUE(answer);
      told.push_back(answer->accepted ? answer->position : answer->rejection_code);
    });
  }
  {
    const std::lock_guard lock(mutex);
    all_sent = true;
    changed.notify_all();
  }
  while (told.size() < 5) loop.RunOne();
  EXPECT_EQ(told, (std::vector<std::string>{"1", "2", "BadRequest", "4", "5"}));
  EXPECT_LE(server.requests().size(), 2U);  // What the first did not take along, the second did.
}

TEST(HttpNodeClient, AMissingObjectIsNoError) {
  FakeServer server([&](const FakeRequest& request) {
    EXPECT_EQ(request.target,
              "/apis/sluice.dev/v1/namespaces/default/subnets/one?resourceVersion=0:7");
    return FakeReply{.status = 404, .body = "{}"};
  });
  EventLoop loop;
  HttpNodeClient client(server.url(), loop);
  std::optional<Result<std::optional<std::string>>> got;
  client.Get("subnet", "default", "one", "0:7", [&](auto object) { got = std::move(object); });
  while (!got) loop.RunOne();
  ASSERT_TRUE(*got);
  EXPECT_FALSE((*got)->has_value());
}

TEST(HttpNodeClient, ABrokenWatchSaysSoOnce) {
  EventLoop loop;
  HttpNodeClient client(testing::UnusedUrl(), loop);
  int ended = 0;
  const auto watch = client.WatchLocations([](const NodeEvent&) {}, [&] { ++ended; });
  while (ended == 0) loop.RunOne();
  EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace sluice::local
