// Announcements over real HTTP, with a target that fails in every way, and a node that is killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "providers/notify/notify_provider.h"
#include "service/client/http_client.h"
#include "service/client/tests/fake_server.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

constexpr Duration kPatience = Duration::Seconds(60);

// A target that keeps what it took. Its first answers may be faults. Thread-safe.
class Target {
 public:
  explicit Target(std::vector<FakeReply> faults)
      : faults_(std::move(faults)),
        server_([this](const FakeRequest& request) { return Answer(request); }) {}

  std::string url() const { return server_.url() + "/phases"; }

  // Waits until the phase was taken; false when that takes too long.
  bool Await(const std::string& phase) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::microseconds(kPatience.us),
                             [&] { return !phases_.empty() && phases_.back() == phase; });
  }
  // As taken, each idempotency key once.
  std::vector<std::string> phases() {
    const std::lock_guard lock(mutex_);
    return phases_;
  }
  size_t faults_left() {
    const std::lock_guard lock(mutex_);
    return faults_.size();
  }

 private:
  FakeReply Answer(const FakeRequest& request) {
    const std::lock_guard lock(mutex_);
    if (!faults_.empty()) {
      FakeReply fault = faults_.front();
      faults_.erase(faults_.begin());
      return fault;
    }
    const json change = json::parse(request.body);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.headers.at("content-type"), "application/json");
    EXPECT_EQ(change.at("kind"), "Instance");
    if (keys_.insert(request.headers.at("idempotency-key")).second) {
      phases_.push_back(change.at("to"));
      changed_.notify_all();
    }
    return {.status = 204};
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<FakeReply> faults_;    // guarded by mutex_
  std::set<std::string> keys_;       // guarded by mutex_
  std::vector<std::string> phases_;  // guarded by mutex_
  FakeServer server_;
};

void Send(const std::string& url, const json& command) {
  HttpClient client(url);
  const auto response = client.Call({.method = "POST",
                                     .target = "/commands",
                                     .body = command.dump(),
                                     .headers = {{"content-type", "application/json"}}});
  ASSERT_TRUE(response.has_value()) << response.error().message;
  ASSERT_EQ(response->status, 200) << response->body;
  ASSERT_TRUE(json::parse(response->body).value("accepted", false)) << response->body;
}

// The first retry comes soon, so that the test does.
void MakeRetriesQuick(const std::string& url) {
  Send(url, {{"entity", "clusterconfig/sluice-system/cluster"},
             {"command", "Apply"},
             {"payload", {{"spec", {{"retryFirst", "20ms"}, {"retryLast", "200ms"}}}}}});
}

void Make(const std::string& url, const std::string& target) {
  Send(url, {{"entity", "instance/default/hello"},
             {"command", "Apply"},
             {"payload",
              {{"annotations", {{"sluice.dev/notify-url", target}}},
               {"spec",
                {{"location", {{"name", "here"}}},
                 {"runtime", {{"process", {{"command", {"./server"}}}}}}}}}}});
}

void Report(const std::string& url, const std::string& what) {
  Send(
      url,
      {{"entity", "instance/default/hello"}, {"command", what}, {"payload", {{"status", "True"}}}});
}

size_t Backlog(const std::string& url) {
  HttpClient client(url);
  const auto list = client.Call({.target = "/apis/sluice.dev/v1/announcements"});
  return list && list->ok() ? json::parse(list->body).at("items").size() : size_t{99};
}

std::jthread Provide(const std::string& url) {
  return std::jthread([url](std::stop_token stop) {
    ServeNotifications(
        {.server_url = url, .timeout = Duration::Millis(300), .reconnect = Duration::Millis(20)},
        std::move(stop));
  });
}

TEST(Notify, EveryPhaseArrivesInOrderWhateverTheTargetDoes) {
  const TempDir dir("notify");
  Target target(
      {{.status = 503}, {.end = FakeEnd::kHold}, {.end = FakeEnd::kCut}, {.status = 404}});
  NodeProcess node(dir / "data");
  ASSERT_TRUE(node.WaitReady()) << node.Errors();
  MakeRetriesQuick(node.url());
  const auto provider = Provide(node.url());
  Make(node.url(), target.url());
  // The lifecycle goes on, whatever becomes of its announcements.
  Report(node.url(), "ReportProgrammed");
  Report(node.url(), "ReportRunning");
  ASSERT_TRUE(target.Await("Ready"));
  EXPECT_EQ(target.faults_left(), 0u);
  Send(node.url(), {{"entity", "instance/default/hello"}, {"command", "Delete"}});
  Report(node.url(), "ReportDeleted");
  ASSERT_TRUE(target.Await("Deleted"));
  EXPECT_THAT(target.phases(),
              ElementsAre("Programming", "Programmed", "Ready", "Deleting", "Deleted"));
}

TEST(Notify, WhatWasNotConfirmedSurvivesKill9AndTheInstance) {
  const TempDir dir("notify-kill");
  Target target({});
  // Nobody listens where the instance is announced first.
  std::string url;
  {
    NodeProcess node(dir / "data");
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    MakeRetriesQuick(node.url());
    const auto provider = Provide(node.url());
    Make(node.url(), UnusedUrl());
    Report(node.url(), "ReportProgrammed");
    Make(node.url(), target.url());  // From the next change on.
    Report(node.url(), "ReportRunning");
    node.Kill();
  }
  NodeProcess node(dir / "data");
  ASSERT_TRUE(node.WaitReady()) << node.Errors();
  EXPECT_EQ(Backlog(node.url()), 1u);
  Send(node.url(), {{"entity", "instance/default/hello"}, {"command", "Delete"}});
  Report(node.url(), "ReportDeleted");
  const auto provider = Provide(node.url());
  ASSERT_TRUE(target.Await("Deleted"));
  EXPECT_THAT(target.phases(),
              ElementsAre("Programming", "Programmed", "Ready", "Deleting", "Deleted"));
  const auto patience = std::chrono::steady_clock::now() + std::chrono::microseconds(kPatience.us);
  while (Backlog(node.url()) != 0 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  EXPECT_EQ(Backlog(node.url()), 0u) << "what is confirmed is gone";
}

}  // namespace
}  // namespace sluice::testing
