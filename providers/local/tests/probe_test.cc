#include "providers/local/probe.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "providers/local/tests/host_fixture.h"

namespace sluice::local {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A listener on a free port of 127.0.0.1 that answers as told, when told.
class FakeServer {
 public:
  FakeServer() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(listen(socket_.get(), 8), 0);
    getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
  }

  // Takes the next connection, reads the request, answers; returns the request.
  std::string Answer(const std::string& answer) {
    const UniqueFd connection(accept(socket_.get(), nullptr, nullptr));
    char buffer[1024];
    const ssize_t size = read(connection.get(), buffer, sizeof buffer);
    EXPECT_EQ(write(connection.get(), answer.data(), answer.size()),
              static_cast<ssize_t>(answer.size()));
    return std::string(buffer, size > 0 ? static_cast<size_t>(size) : 0);
  }

  uint16_t port() const { return port_; }
  void Close() { socket_.reset(); }

 private:
  UniqueFd socket_;
  uint16_t port_ = 0;
};

struct Outcome {
  bool ok = false;
  std::string message;
};

// Runs one attempt; `serve` is called once it has been started.
Outcome Probe(const ReadinessSpec& spec, const std::function<void(EventLoop&)>& serve = {}) {
  EventLoop loop;
  std::optional<Outcome> outcome;
  const auto attempt = StartProbe(spec, {"127.0.0.1", {"PATH=/usr/bin:/bin"}}, loop, loop,
                                  [&](bool ok, std::string message) {
                                    outcome = Outcome{ok, std::move(message)};
                                  });
  if (serve) serve(loop);
  while (!outcome) loop.RunOne();
  return *outcome;
}

TEST(Probe, HttpIsReadyFrom200To399) {
  for (const auto& [status, ready] : std::vector<std::pair<std::string, bool>>{
           {"200", true}, {"302", true}, {"404", false}, {"503", false}}) {
    FakeServer server;
    ReadinessSpec spec{.kind = ReadinessSpec::Kind::kHttp, .path = "/healthz"};
    spec.port = server.port();
    const Outcome outcome = Probe(spec, [&](EventLoop& loop) {
      loop.RunOne();  // Connected, and the request is on its way.
      EXPECT_THAT(server.Answer("HTTP/1.1 " + status + " Whatever\r\n\r\n"),
                  HasSubstr("GET /healthz HTTP/1.1\r\n"));
    });
    EXPECT_EQ(outcome.ok, ready) << outcome.message;
    EXPECT_THAT(outcome.message, HasSubstr("HTTP " + status));
  }
}

TEST(Probe, WhatIsNotHttpIsNotReady) {
  FakeServer server;
  ReadinessSpec spec{.kind = ReadinessSpec::Kind::kHttp};
  spec.port = server.port();
  const Outcome outcome = Probe(spec, [&](EventLoop& loop) {
    loop.RunOne();
    server.Answer("220 mail.example.com\r\n");
  });
  EXPECT_FALSE(outcome.ok);
  EXPECT_THAT(outcome.message, HasSubstr("not HTTP"));
}

TEST(Probe, TcpIsReadyWhenItConnects) {
  FakeServer server;
  ReadinessSpec spec{.kind = ReadinessSpec::Kind::kTcp};
  spec.port = server.port();
  EXPECT_TRUE(Probe(spec).ok);
  server.Close();
  const Outcome refused = Probe(spec);
  EXPECT_FALSE(refused.ok);
  EXPECT_THAT(refused.message, HasSubstr("Connection refused"));
}

TEST(Probe, ExecIsReadyAtExitCodeZero) {
  ReadinessSpec spec{.kind = ReadinessSpec::Kind::kExec};
  spec.command = {"sh", "-c", "exit 0"};
  EXPECT_TRUE(Probe(spec).ok);
  spec.command = {"sh", "-c", "exit 7"};
  EXPECT_THAT(Probe(spec).message, HasSubstr("exit code 7"));
  spec.command = {"/no/such/probe"};
  EXPECT_THAT(Probe(spec).message, HasSubstr("No such file"));
}

TEST(ReadinessProber, TellsFlipsOnlyAndNotReadyAfterTheThreshold) {
  TempDir dir;
  EventLoop loop;
  ManualScheduler clock;
  const auto flag = dir.path() / "ready";
  ReadinessSpec spec{.kind = ReadinessSpec::Kind::kExec,
                     .command = {"/usr/bin/test", "-e", flag.string()},
                     .failure_threshold = 3};
  std::vector<bool> verdicts;
  ReadinessProber prober(spec, {}, clock, loop,
                         [&](bool ready, const std::string&) { verdicts.push_back(ready); });
  const auto attempt = [&] {
    clock.Advance(spec.period);
    loop.RunOne();
  };
  attempt();
  attempt();
  EXPECT_TRUE(verdicts.empty());
  attempt();
  EXPECT_THAT(verdicts, ElementsAre(false));
  std::ofstream(flag) << "yes";
  attempt();
  attempt();
  EXPECT_THAT(verdicts, ElementsAre(false, true));
  std::filesystem::remove(flag);
  attempt();
  attempt();
  EXPECT_THAT(verdicts, ElementsAre(false, true));
  attempt();
  EXPECT_THAT(verdicts, ElementsAre(false, true, false));
}

TEST(ReadinessProber, NoAnswerInTimeIsAFailure) {
  EventLoop loop;
  ManualScheduler clock;
  ReadinessSpec spec{.kind = ReadinessSpec::Kind::kExec,
                     .command = {"/bin/sleep", "1000"},
                     .failure_threshold = 1};
  std::string message;
  ReadinessProber prober(spec, {}, clock, loop,
                         [&](bool, const std::string& why) { message = why; });
  clock.Advance(Micros(0));
  clock.Advance(spec.timeout);
  EXPECT_EQ(message, "no answer within 1000 ms");
}

}  // namespace
}  // namespace sluice::local
