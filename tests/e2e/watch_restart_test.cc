// A watch across the death of the node: it goes on from the last resourceVersion without gap or
// repeat, and where that is too old it is told so, and the CLI lists again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "service/client/http_client.h"
#include "tests/support/node_process.h"

namespace sluice::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kNetworks = "/apis/sluice.dev/v1/namespaces/default/networks";
constexpr int kObjects = 5;

bool Contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// What one watcher saw, through as many streams as it took. Thread-safe.
class Watcher {
 public:
  // Reads until the stream breaks.
  void Follow(const std::string& url) {
    HttpClient client(url);
    const auto outcome =
        client.Stream({.target = std::string(kNetworks) + "?watch=true&resourceVersion=" + From()},
                      [this](std::string_view line) {
                        Take(json::parse(line));
                        return true;
                      });
    if (outcome && outcome->end == StreamEnd::kRefused) {
      const std::lock_guard lock(mutex_);
      refused_ = outcome->response.body;
    }
  }

  std::string From() {
    const std::lock_guard lock(mutex_);
    return from_;
  }
  void SetFrom(std::string from) {
    const std::lock_guard lock(mutex_);
    from_ = std::move(from);
  }
  // Waits until an object was seen with this label.
  void Await(const std::string& name, const std::string& label) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !refused_.empty() || Contains(seen_[name], label); });
  }
  // Per object, its labels in the order seen.
  std::map<std::string, std::vector<std::string>> labels_seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::string refused() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  void Take(const json& event) {
    const std::lock_guard lock(mutex_);
    const json& metadata = event.at("object").at("metadata");
    from_ = metadata.at("resourceVersion");
    if (event.at("type") == "BOOKMARK") return;
    const std::string name = metadata.at("name");
    const std::string label = metadata.value("labels", json::object()).value("n", "");
    // An object changes by itself, too, as its range comes: what a user wrote is counted once.
    if (labels_[name] != label) seen_[name].push_back(label);
    EXPECT_TRUE(event_versions_.insert(name + " " + from_).second) << "twice: " << event;
    labels_[name] = label;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string from_;  // guarded by mutex_, as all that follows
  std::map<std::string, std::string> labels_;
  std::map<std::string, std::vector<std::string>> seen_;
  std::set<std::string> event_versions_;
  std::string refused_;
};

std::string Name(int object) { return "net-" + std::to_string(object); }

// Writes label `value` to every object; true when each was acknowledged.
bool WriteAll(HttpClient& client, int value) {
  std::string body;
  for (int object = 0; object < kObjects; ++object) {
    body +=
        fmt::format(R"({{"id":"w-{0}-{1}","entity":"network/default/net-{0}","command":"Apply",)"
                    R"("payload":{{"labels":{{"n":"{1}"}}}}}})"
                    "\n",
                    object, value);
  }
  const auto response = client.Call({.method = "POST", .target = "/commands", .body = body});
  return response && response->ok() &&
         response->body.find("\"accepted\":false") == std::string::npos;
}

// Every change a user made is seen once, in order, whatever happened to the node in between.
TEST(WatchAcrossRestart, GoesOnWithoutGapOrRepeat) {
  constexpr int kLives = 5;
  constexpr int kWritesALife = 20;
  const TempDir directory("watch");
  Watcher watcher;
  uint16_t port = 0;
  int value = 0;
  {
    NodeProcess node(directory / "data");
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    port = node.port();
    HttpClient client(node.url());
    const auto list = client.Call({.target = kNetworks});
    ASSERT_TRUE(list && list->ok());
    watcher.SetFrom(json::parse(list->body)["metadata"]["resourceVersion"]);
  }
  for (int life = 0; life < kLives; ++life) {
    NodeProcess node(directory / "data", port);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    std::jthread following([&] { watcher.Follow(node.url()); });
    HttpClient client(node.url());
    for (int i = 0; i < kWritesALife; ++i) ASSERT_TRUE(WriteAll(client, ++value));
    // The watch is somewhere in between when the node dies; in the last life it is to see all.
    watcher.Await(Name(0), std::to_string(life + 1 < kLives ? value - kWritesALife / 2 : value));
    if (life + 1 == kLives) {
      for (int object = 0; object < kObjects; ++object) {
        watcher.Await(Name(object), std::to_string(value));
      }
    }
    node.Kill();
    following.join();
    ASSERT_EQ(watcher.refused(), "");
  }
  std::vector<std::string> all;
  for (int i = 1; i <= value; ++i) all.push_back(std::to_string(i));
  const auto seen = watcher.labels_seen();
  for (int object = 0; object < kObjects; ++object) EXPECT_EQ(seen.at(Name(object)), all);
}

TEST(WatchAcrossRestart, TooOldIsToldSo) {
  const TempDir directory("expired");
  std::string old;
  {
    NodeProcess node(directory / "data", 0, {"--partitions", "1"});
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    HttpClient client(node.url());
    ASSERT_TRUE(WriteAll(client, 1));
    const auto list = client.Call({.target = kNetworks});
    ASSERT_TRUE(list && list->ok());
    old = json::parse(list->body)["metadata"]["resourceVersion"];
    ASSERT_TRUE(WriteAll(client, 2));
    // Ended in good order, the projections are at the log's end: nothing is replayed for watches.
    ASSERT_EQ(node.Stop(), 0);
  }
  NodeProcess node(directory / "data");
  ASSERT_TRUE(node.WaitReady()) << node.Errors();
  HttpClient client(node.url());
  const auto watch =
      client.Stream({.target = std::string(kNetworks) + "?watch=true&resourceVersion=" + old},
                    [](std::string_view) { return false; });
  ASSERT_TRUE(watch);
  ASSERT_EQ(watch->end, StreamEnd::kRefused);
  EXPECT_EQ(watch->response.status, 410);
  const json status = json::parse(watch->response.body);
  EXPECT_EQ(status["kind"], "Status");
  EXPECT_EQ(status["reason"], "Expired");
}

// A user waits for an object to go while the node is away and comes back so far ahead that nothing
// can be gone on from.
TEST(WatchAcrossRestart, TheCliListsAgain) {
  const TempDir directory("again");
  const std::string data = directory / "data";
  const auto change = [&](int value) {
    NodeProcess node(data);  // On another port.
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    HttpClient client(node.url());
    ASSERT_TRUE(WriteAll(client, value));
    ASSERT_EQ(node.Stop(), 0);
  };
  change(1);
  Finished waited;
  std::jthread waiting;
  uint16_t port = 0;
  {
    NodeProcess node(data);
    ASSERT_TRUE(node.WaitReady()) << node.Errors();
    port = node.port();
    waiting = std::jthread([&waited, url = node.url()] {
      waited = RunSluiceBinary({"--server", url, "wait", "network/net-0", "--for=delete"});
    });
    HttpClient client(node.url());
    std::string metrics;
    while (metrics.find("\nsluice_http_streams 1\n") == metrics.npos) {
      const auto answer = client.Call({.target = "/metrics"});
      ASSERT_TRUE(answer);
      metrics = answer->body;
    }
    node.Kill();
  }
  change(2);
  NodeProcess node(data, port);
  ASSERT_TRUE(node.WaitReady()) << node.Errors();
  const Finished removed =
      RunSluiceBinary({"--server", node.url(), "delete", "network/net-0", "--wait"});
  EXPECT_EQ(removed.exit_code, 0) << removed.err;
  waiting.join();
  EXPECT_EQ(waited.exit_code, 0) << waited.err;
  EXPECT_THAT(waited.err, HasSubstr("listing again"));
}

}  // namespace
}  // namespace sluice::testing
