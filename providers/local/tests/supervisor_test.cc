#include "providers/local/supervisor.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "providers/local/log_reader.h"
#include "providers/local/tests/host_fixture.h"

namespace sluice::local {
namespace {

using ::testing::HasSubstr;

TEST(Supervisor, RunsInItsOwnSessionWithItsAddressAndLogsItsOutput) {
  TempDir dir;
  TestHost host(dir.path());
  ProcessSpec spec = ShellSpec(dir,
                               "echo at $SLUICE_ADDRESS as $SLUICE_INSTANCE; echo bad >&2; "
                               "read never < fifo");
  ASSERT_EQ(mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
  host.Run(spec);
  host.UntilState(ProcessState::kRunning);
  const int pid = host.Status().pid;
  EXPECT_EQ(getsid(pid), pid);
  EXPECT_NE(getsid(pid), getsid(0));
  host.Clean();
  EXPECT_NE(kill(pid, 0), 0);
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "local" / "default"));
}

TEST(Supervisor, ExitCodeZeroIsCompletionAndNotRestarted) {
  TempDir dir;
  TestHost host(dir.path());
  host.Run(ShellSpec(dir, "echo done"));
  host.UntilState(ProcessState::kStopped);
  EXPECT_TRUE(host.Status().completed);
  EXPECT_EQ(host.Status().last_exit->code, 0);
  EXPECT_EQ(ReadLog(dir.path(), kWeb).value(), "done\n");
  // A request may be older than the end until the end was told.
  ASSERT_TRUE(host.supervisor->Start(kWeb));
  EXPECT_EQ(host.StateOf(), ProcessState::kStopped);
  ASSERT_TRUE(host.supervisor->EndTold(kWeb, host.Status().run));
  ASSERT_TRUE(host.supervisor->Start(kWeb));
  EXPECT_EQ(host.StateOf(), ProcessState::kStarting);
  host.UntilState(ProcessState::kStopped);
  EXPECT_EQ(ReadLog(dir.path(), kWeb).value(), "done\ndone\n");
  host.Clean();
}

TEST(Supervisor, RestartsWithDoublingDelayThenFailsWithTheExitCode) {
  TempDir dir;
  TestHost host(dir.path());
  ProcessSpec spec = ShellSpec(dir, "echo run; exit 3");
  spec.restarts_max = 2;
  host.Run(spec);
  host.UntilState(ProcessState::kBackingOff);
  EXPECT_EQ(host.Status().restart_delay, Micros(2'000'000));
  host.clock.Advance(Micros(1'999'999));
  EXPECT_EQ(host.StateOf(), ProcessState::kBackingOff);
  host.clock.Advance(Micros(1));
  host.UntilState(ProcessState::kBackingOff);
  EXPECT_EQ(host.Status().restart_delay, Micros(4'000'000));
  host.clock.Advance(Micros(4'000'000));
  host.UntilState(ProcessState::kFailed);
  EXPECT_EQ(host.Status().last_exit->code, 3);
  EXPECT_EQ(host.Status().restarts, 2U);
  EXPECT_EQ(ReadLog(dir.path(), kWeb).value(), "run\nrun\nrun\n");
  host.Clean();
}

TEST(Supervisor, ForgetsEarlierRestartsAfterRunningStably) {
  TempDir dir;
  TestHost host(dir.path());
  ASSERT_EQ(mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
  host.Run(ShellSpec(dir, "test -e again && read never < fifo; touch again; exit 1"));
  host.UntilState(ProcessState::kBackingOff);
  host.clock.Advance(Micros(2'000'000));
  host.UntilState(ProcessState::kRunning);
  EXPECT_EQ(host.Status().restarts, 1U);
  host.clock.Advance(Micros(300'000'000));
  EXPECT_EQ(host.Status().restarts, 0U);
  host.Clean();
}

TEST(Supervisor, ReportsTheSignalThatEndedIt) {
  TempDir dir;
  TestHost host(dir.path());
  ProcessSpec spec = ShellSpec(dir, "kill -SEGV $$");
  spec.restarts_max = 0;
  host.Run(spec);
  host.UntilState(ProcessState::kFailed);
  EXPECT_EQ(host.Status().last_exit->signal, SIGSEGV);
  EXPECT_THAT(host.Status().last_exit->ToString(), HasSubstr("signal 11"));
  host.Clean();
}

TEST(Supervisor, AProgramThatDoesNotExistSaysSo) {
  TempDir dir;
  TestHost host(dir.path());
  ProcessSpec spec = ShellSpec(dir, "");
  spec.command = {"./no-such-program"};
  spec.restarts_max = 0;
  host.Run(spec);
  host.UntilState(ProcessState::kFailed);
  EXPECT_THAT(host.Status().last_exit->ToString(), HasSubstr("No such file"));
  host.Clean();
}

TEST(Supervisor, TermThenKillAfterTheGraceForTheWholeGroup) {
  TempDir dir;
  TestHost host(dir.path());
  ASSERT_EQ(mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
  // Both the shell and its child ignore SIGTERM; ready once the child has said so.
  ProcessSpec spec = ShellSpec(
      dir, "trap '' TERM; sh -c 'echo $$ > child; exec sleep 1000' & read never < fifo; wait");
  spec.readiness = ReadinessSpec{.kind = ReadinessSpec::Kind::kExec, .command = {"/bin/true"}};
  host.Run(spec);
  host.Until([&] { return host.Status().ready == true; });
  host.UntilLooking([&] { return !ReadText(dir.path() / "child").empty(); });
  const int pid = host.Status().pid;
  const int child = std::stoi(ReadText(dir.path() / "child"));
  ASSERT_TRUE(host.supervisor->Stop(kWeb));
  EXPECT_EQ(host.StateOf(), ProcessState::kStopping);
  host.clock.Advance(spec.termination_grace - Micros(1));
  EXPECT_EQ(kill(pid, 0), 0);
  host.clock.Advance(Micros(1));
  host.UntilState(ProcessState::kStopped);
  EXPECT_EQ(host.Status().last_exit->signal, SIGKILL);
  EXPECT_NE(kill(pid, 0), 0);
  EXPECT_NE(kill(child, 0), 0);
  host.Clean();
}

TEST(Supervisor, WhatLeftTheSessionGoesWithTheProgram) {
  TempDir dir;
  TestHost host(dir.path());
  host.Run(ShellSpec(dir,
                     "setsid sh -c 'echo $$ > child; exec sleep 1000' & "
                     "until test -s child; do :; done"));
  host.UntilState(ProcessState::kStopped);
  EXPECT_NE(kill(std::stoi(ReadText(dir.path() / "child")), 0), 0);
  host.Clean();
}

TEST(Supervisor, AnotherGenerationReplacesTheProcess) {
  TempDir dir;
  TestHost host(dir.path());
  ASSERT_EQ(mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
  ProcessSpec spec = ShellSpec(dir, "read never < fifo");
  host.Run(spec);
  host.UntilState(ProcessState::kRunning);
  const int first = host.Status().pid;
  spec.generation = 2;
  host.Run(spec);
  EXPECT_EQ(host.StateOf(), ProcessState::kStopping);
  host.UntilState(ProcessState::kRunning);
  EXPECT_EQ(host.Status().generation, 2U);
  EXPECT_NE(kill(first, 0), 0);
  EXPECT_EQ(host.Status().restarts, 0U);
  EXPECT_EQ(host.Status().last_exit->signal, SIGTERM);
  host.Clean();
}

TEST(Supervisor, RestartRunsItOnceMorePerToken) {
  TempDir dir;
  TestHost host(dir.path());
  ASSERT_EQ(mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
  host.Run(ShellSpec(dir, "read never < fifo"));
  host.UntilState(ProcessState::kRunning);
  ASSERT_TRUE(host.supervisor->Restart(kWeb, "2"));
  host.Until([&] { return host.StateOf() == ProcessState::kRunning && host.Status().run == 2; });
  ASSERT_TRUE(host.supervisor->Restart(kWeb, "2"));
  EXPECT_EQ(host.StateOf(), ProcessState::kRunning);
  EXPECT_EQ(host.Status().run, 2U);
  host.Clean();
}

TEST(Supervisor, SecretsComeFromFilesAndTheEnvironmentAndAreNotStored) {
  TempDir dir;
  TestHost host(dir.path());
  std::ofstream(dir.path() / "token") << "s3cret\n";
  setenv("SLUICE_TEST_SECRET", "0ther", 1);
  ProcessSpec spec = ShellSpec(dir, "test ${#A}${#B}${#C}$A = 165v");
  spec.env = {{"A", EnvVar::Source::kValue, "v"},
              {"B", EnvVar::Source::kFile, (dir.path() / "token").string()},
              {"C", EnvVar::Source::kEnv, "SLUICE_TEST_SECRET"}};
  host.Run(spec);
  host.UntilState(ProcessState::kStopped);
  EXPECT_TRUE(host.Status().completed);
  EXPECT_THAT(ReadText(dir.path() / "local/default/web/intent.json"),
              ::testing::Not(::testing::AnyOf(HasSubstr("s3cret"), HasSubstr("0ther"))));

  spec.env = {{"B", EnvVar::Source::kFile, "/no/such/file"}};
  const Result<void> refused = host.supervisor->Prepare(kWeb, spec);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("env B: cannot read /no/such/file"));
  host.Clean();
}

TEST(Supervisor, APortAlreadyTakenEndsAsFailedWithTheProgramsWord) {
  TempDir dir;
  TestHost host(dir.path());
  const UniqueFd taken(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(bind(taken.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(listen(taken.get(), 1), 0);
  getsockname(taken.get(), reinterpret_cast<sockaddr*>(&at), &size);
  ProcessSpec spec = ShellSpec(dir, "");
  spec.command = {SLUICE_TEST_SERVER, std::to_string(ntohs(at.sin_port))};
  spec.restarts_max = 1;
  host.Run(spec);
  host.UntilState(ProcessState::kBackingOff);
  host.clock.Advance(Micros(2'000'000));
  host.UntilState(ProcessState::kFailed);
  EXPECT_EQ(host.Status().last_exit->code, 98);
  EXPECT_THAT(ReadLog(dir.path(), kWeb).value(), HasSubstr("Address already in use"));
  host.Clean();
}

TEST(Supervisor, TwoOnOneDirectoryAreRefused) {
  TempDir dir;
  TestHost host(dir.path());
  SupervisorOptions options;
  options.data_dir = dir.path();
  const auto second = Supervisor::Open(options, host.clock, host.loop);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST(Supervisor, ADamagedRecordIsLeftAloneAndTheOthersRun) {
  TempDir dir;
  std::filesystem::create_directories(dir.path() / "local/default/broken");
  std::ofstream(dir.path() / "local/default/broken/intent.json") << "{\"spec\":";
  TestHost host(dir.path());
  EXPECT_TRUE(host.supervisor->List().empty());
  host.Run(ShellSpec(dir, "true"));
  host.UntilState(ProcessState::kStopped);
  host.Clean();
}

TEST(Supervisor, RemovingTheUnknownIsAnsweredAtOnce) {
  TempDir dir;
  TestHost host(dir.path());
  ASSERT_TRUE(host.supervisor->Remove(kWeb));
  ASSERT_EQ(host.seen.size(), 1U);
  EXPECT_EQ(host.seen[0].state, ProcessState::kRemoved);
  EXPECT_FALSE(host.supervisor->Start(kWeb));
}

}  // namespace
}  // namespace sluice::local
