// Verbs against the real routes: over sockets, and through a router in the same process, which is
// how a data directory is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cli/run.h"
#include "events/entity_key.h"
#include "service/client/http_client.h"
#include "service/router_api.h"
#include "service/server.h"
#include "service/tests/fake_backend.h"

namespace sluice::cli {
namespace {

using nlohmann::json;
using service::FakeBackend;
using ::testing::HasSubstr;

struct Ran {
  Exit exit = Exit::kDone;
  std::string out;
  std::string err;
};

class RealServer : public ::testing::TestWithParam<const char*> {
 protected:
  RealServer() {
    auto started = service::Server::Start(router_, {"127.0.0.1", 0});
    EXPECT_TRUE(started);
    server_ = *std::move(started);
  }

  static service::RouterOptions Options() {
    service::RouterOptions options;
    options.now_us = [] { return int64_t{1'795'255'500'000'000}; };  // 2026-11-21T10:05:00Z
    options.version = "7.7.7";
    return options;
  }

  bool over_sockets() const { return std::string_view(GetParam()) == "Sockets"; }

  Ran Run(std::vector<std::string> arguments, const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    Environment environment = RealEnvironment({});
    Environment mine{.in = in,
                     .out = out,
                     .err = err,
                     .variable = [](const char*) { return std::nullopt; },
                     .now = environment.now,
                     .pause = environment.pause,
                     .new_id = environment.new_id,
                     .connect = [this](const std::string&) -> std::unique_ptr<Api> {
                       if (!over_sockets()) {
                         return std::make_unique<service::RouterApi>(router_, "data directory d");
                       }
                       return std::make_unique<HttpClient>("http://127.0.0.1:" +
                                                           std::to_string(server_->port()));
                     }};
    Ran ran;
    ran.exit = RunSluice(std::move(arguments), mine);
    ran.out = out.str();
    ran.err = err.str();
    return ran;
  }

  const EntityKey web_{"binding", "default", "web"};
  FakeBackend backend_;
  service::ThreadTimers timers_;
  service::Router router_{backend_, timers_, Options()};
  std::unique_ptr<service::Server> server_;
};

INSTANTIATE_TEST_SUITE_P(Way, RealServer, ::testing::Values("Sockets", "InProcess"),
                         [](const auto& test) { return std::string(test.param); });

// Nothing changes in a data directory that no node holds.
class RunningNode : public RealServer {};

INSTANTIATE_TEST_SUITE_P(Way, RunningNode, ::testing::Values("Sockets"));

TEST_P(RealServer, GetsTables) {
  backend_.Put(web_, R"("status":{"phase":"Ready"})");
  backend_.Put({"binding", "prod", "api"}, "");
  EXPECT_EQ(Run({"get", "binding"}).out, "NAME   AGE\nweb    5m\n");
  EXPECT_EQ(Run({"get", "binding/web", "-o", "wide"}).out, "NAME   AGE   KEY\nweb    5m    k\n");
  EXPECT_EQ(Run({"get", "bindings", "-A"}).out,
            "NAMESPACE   NAME   AGE\ndefault     web    5m\nprod        api    5m\n");
  EXPECT_EQ(Run({"get", "binding", "--field-selector", "status.phase=Failed"}).out, "");
  const Ran gone = Run({"get", "binding", "gone"});
  EXPECT_EQ(gone.exit, Exit::kRejected);
  EXPECT_THAT(gone.err, HasSubstr("binding/default/gone"));
}

TEST_P(RealServer, GetsJson) {
  backend_.Put(web_, R"("status":{"phase":"Ready"})");
  EXPECT_EQ(json::parse(Run({"get", "binding", "-o", "json"}).out)["items"][0]["status"]["phase"],
            "Ready");
  EXPECT_EQ(json::parse(Run({"get", "binding", "web", "-o", "json"}).out)["metadata"]["uid"],
            "u-1");
}

TEST_P(RealServer, AppliesAndSends) {
  backend_.next_answer = service::CommandAnswer{
      R"({"accepted":true,"events":[{"type":"BindingCreated"}]})", true, "", "", "0", true};
  const Ran applied = Run({"apply", "-f", "-"},
                          "apiVersion: sluice.dev/v1\nkind: Binding\nmetadata: {name: web}\n");
  EXPECT_EQ(applied.out, "binding/default/web created\n") << applied.err;
  EXPECT_EQ(json::parse(backend_.submitted().front())["entity"], "binding/default/web");
  const std::string command = R"({"entity":"binding/default/web","command":"Reconcile"})";
  const Ran sent = Run({"send", "-"}, command + "\n" + command + "\n");
  EXPECT_EQ(sent.exit, Exit::kDone) << sent.err;
  EXPECT_EQ(backend_.submitted().size(), 3u);
  const Ran large = Run({"send", R"({"entity":"a/b/c","command":"X","payload":")" +
                                     std::string(300'000, 'x') + "\"}"});
  EXPECT_EQ(large.exit, Exit::kBadInput);
  EXPECT_THAT(large.err, HasSubstr("262144"));
}

TEST_P(RunningNode, WaitsForAChange) {
  backend_.Put(web_, R"("status":{"phase":"Pending"})");
  std::thread change([&] { backend_.Put(web_, R"("status":{"phase":"Ready"})"); });
  const Ran ran = Run({"wait", "binding/web", "--for=phase=Ready", "--timeout", "60s"});
  change.join();
  EXPECT_EQ(ran.out, "binding/default/web phase is Ready\n") << ran.err;
  std::thread removal([&] { backend_.Remove(web_); });
  const Ran gone = Run({"delete", "binding/web", "--wait"});
  removal.join();
  EXPECT_EQ(gone.exit, Exit::kDone) << gone.err;
}

TEST_P(RealServer, ReadsWhatIsNoObject) {
  EXPECT_THAT(Run({"version"}).out, HasSubstr("server 7.7.7"));
  EXPECT_THAT(Run({"quarantine", "list"}).out, HasSubstr("binding/default/bad"));
  EXPECT_EQ(Run({"quarantine", "release", "binding/bad", "--skip"}).out,
            "binding/default/bad released\n");
  EXPECT_EQ(backend_.submitted().back(), "release binding/default/bad skip");
  EXPECT_EQ(Run({"dead-letters", "retry", "--all"}).out, "0:3 accepted\n");
  EXPECT_EQ(backend_.submitted().back(), "retry 0:3");
  EXPECT_EQ(Run({"logs", "web", "--tail", "5"}).exit, Exit::kBadInput);  // No kind instance here.
  EXPECT_EQ(Run({"resolve", "absent"}).exit, Exit::kRejected);
  const Ran resolved = Run({"resolve", "--key", "a/b", "--expect", R"({"x":1})", "-o", "json"});
  EXPECT_EQ(json::parse(resolved.out)["expect"], json::parse(R"({"x":1})")) << resolved.err;
  // This backend knows no such question.
  const Ran history = Run({"history", "binding/web"});
  EXPECT_EQ(history.exit, Exit::kRejected);
  EXPECT_THAT(history.err, HasSubstr("no such path"));
}

}  // namespace
}  // namespace sluice::cli
