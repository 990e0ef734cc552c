#include "providers/local/listener_owner.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "providers/local/tests/host_fixture.h"

namespace sluice::local {
namespace {

using ::testing::HasSubstr;

constexpr char kPort[] = "18080";
constexpr uint16_t kPortNumber = 18080;

// An address of the loopback range for this process alone, so that tests side by side do not meet.
std::string OwnAddress() {
  const auto pid = static_cast<unsigned>(getpid());
  return fmt::format("127.{}.{}.{}", 200 + pid / 65536 % 50, pid / 256 % 256, pid % 254 + 1);
}

UniqueFd Listen(const std::string& address) {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(kPortNumber);
  inet_pton(AF_INET, address.c_str(), &at.sin_addr);
  EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  EXPECT_EQ(listen(listener.get(), 8), 0);
  return listener;
}

ProcessSpec ProbedSpec(const TempDir& dir, const std::string& script) {
  ProcessSpec spec = ShellSpec(dir, script);
  spec.address = OwnAddress();
  spec.readiness = ReadinessSpec{.kind = ReadinessSpec::Kind::kTcp, .port = kPortNumber};
  return spec;
}

bool EverReady(const TestHost& host) {
  for (const ProcessStatus& status : host.seen) {
    if (status.ready == true) return true;
  }
  return false;
}

TEST(ListenerOwner, TellsDescendantsFromStrangers) {
  const std::string address = OwnAddress();
  EXPECT_EQ(FindListenerOwner(address, kPortNumber, getpid()), ListenerOwner::kUnknown);
  const UniqueFd listener = Listen(address);
  EXPECT_EQ(FindListenerOwner(address, kPortNumber, getpid()), ListenerOwner::kDescendant);
  EXPECT_EQ(FindListenerOwner(address, kPortNumber, getppid()), ListenerOwner::kDescendant);
  Result<Spawned> child = Spawn("/bin/sleep", {"sleep", "1000"}, {}, {});
  ASSERT_TRUE(child);
  EXPECT_EQ(FindListenerOwner(address, kPortNumber, child->pid), ListenerOwner::kStranger);
  SignalProcess(child->process, SIGKILL);
  waitpid(child->pid, nullptr, 0);
  EXPECT_EQ(FindListenerOwner("not an address", kPortNumber, getpid()), ListenerOwner::kUnknown);
}

TEST(ListenerOwner, WhatAProgramForkedAnswersForIt) {
  TempDir dir;
  TestHost host(dir.path());
  host.Run(ProbedSpec(dir, std::string(SLUICE_TEST_SERVER) + " " + kPort + " & wait"));
  host.UntilLooking([&] { return host.Status().ready == true; });
  host.Clean();
}

TEST(ListenerOwner, AnotherProgramOnThePortDoesNotMakeThisOneReady) {
  TempDir dir;
  TestHost host(dir.path());
  ASSERT_EQ(mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
  UniqueFd taken = Listen(OwnAddress());
  // The port is free for it once the test says so.
  host.Run(
      ProbedSpec(dir, std::string("read go < fifo; exec ") + SLUICE_TEST_SERVER + " " + kPort));
  host.UntilLooking([&] { return host.Status().ready == false; });
  EXPECT_FALSE(EverReady(host));
  EXPECT_THAT(host.Status().ready_message, HasSubstr("a process that is not of this instance"));
  taken.reset();
  std::ofstream(dir.path() / "fifo") << "go\n";
  host.UntilLooking([&] { return host.Status().ready == true; });
  host.Clean();
}

TEST(ListenerOwner, AProgramThatCannotHaveItsPortIsNeverReady) {
  TempDir dir;
  TestHost host(dir.path());
  const UniqueFd taken = Listen(OwnAddress());
  ProcessSpec spec = ProbedSpec(dir, "");
  spec.command = {SLUICE_TEST_SERVER, kPort};
  spec.restarts_max = 2;
  host.Run(spec);
  host.UntilLooking([&] { return host.StateOf() == ProcessState::kFailed; });
  EXPECT_EQ(host.Status().last_exit->code, 98);
  EXPECT_FALSE(EverReady(host));
  host.Clean();
}

// The probe succeeds, by a child of its own say, and the program is a zombie by then.
TEST(ListenerOwner, AProgramThatHasEndedIsNotReadyWhateverItsProbeSays) {
  TempDir dir;
  TestHost host(dir.path());
  ASSERT_EQ(mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
  ProcessSpec spec = ShellSpec(dir, "read go < fifo; exit 5");
  spec.restarts_max = 0;
  // Succeeds after it has made the program end.
  spec.readiness =
      ReadinessSpec{.kind = ReadinessSpec::Kind::kExec,
                    .command = {"/bin/sh", "-c",
                                "echo go > " + (dir.path() / "fifo").string() +
                                    "; pid=$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/' " +
                                    (dir.path() / "local/default/web/run.json").string() +
                                    "); while kill -0 $pid; do :; done"}};
  host.Run(spec);
  host.UntilState(ProcessState::kFailed);
  EXPECT_EQ(host.Status().last_exit->code, 5);
  EXPECT_FALSE(EverReady(host));
  host.Clean();
}

}  // namespace
}  // namespace sluice::local
