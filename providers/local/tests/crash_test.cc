// The provider is killed with SIGKILL at every step; the next one finds what it left.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "providers/local/log_reader.h"
#include "providers/local/tests/host_fixture.h"

namespace sluice::local {
namespace {

namespace fs = std::filesystem;

// How many programs of this uid run; shims and zombies are none.
int CountRunning(const std::string& uid) {
  int running = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    if (ReadText(entry.path() / "environ").find(std::string(kMarker) + "=" + uid + "/") ==
        std::string::npos) {
      continue;
    }
    if (ReadText(entry.path() / "comm") != "sluice-shim\n") ++running;
  }
  return running;
}

// Runs `work` in a process of its own; returns how that ended, as waitpid tells it.
int InAnotherProcess(const std::function<void()>& work) {
  const pid_t pid = fork();
  if (pid == 0) {
    work();
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

// A program that writes a line at every start and stays until told.
ProcessSpec StayingSpec(const TempDir& dir) {
  if (!fs::exists(dir.path() / "fifo")) mkfifo((dir.path() / "fifo").c_str(), 0600);
  return ShellSpec(dir, "echo started >> starts; read never < fifo");
}

SupervisorOptions DyingAtStep(int step) {
  SupervisorOptions options;
  options.on_step = [left = step]() mutable {
    if (--left == 0) kill(getpid(), SIGKILL);
  };
  return options;
}

TEST(Crash, AtEveryStepOfAStartTheNextProviderHasExactlyOneCopy) {
  for (int step = 1;; ++step) {
    SCOPED_TRACE(step);
    TempDir dir;
    const ProcessSpec spec = StayingSpec(dir);
    const int status = InAnotherProcess([&] {
      TestHost host(dir.path(), DyingAtStep(step));
      host.Run(spec);
      host.UntilState(ProcessState::kRunning);
    });
    TestHost host(dir.path());
    // The engine still holds the action pending: it is asked again.
    host.Run(spec);
    host.UntilLooking([&] { return host.StateOf() == ProcessState::kRunning; });
    host.UntilLooking([&] { return !ReadText(dir.path() / "starts").empty(); });
    EXPECT_EQ(CountRunning(spec.uid), 1);
    EXPECT_EQ(ReadText(dir.path() / "starts"), "started\n");
    host.Clean();
    EXPECT_EQ(CountRunning(spec.uid), 0);
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      EXPECT_GT(step, 3);
      return;
    }
  }
}

TEST(Crash, AtEveryStepOfAStopNothingIsLeft) {
  for (int step = 1;; ++step) {
    SCOPED_TRACE(step);
    TempDir dir;
    const ProcessSpec spec = StayingSpec(dir);
    InAnotherProcess([&] {
      TestHost host(dir.path());
      host.Run(spec);
      // Running is told of a program that was started; it may not have come to its first line.
      host.UntilLooking([&] { return !ReadText(dir.path() / "starts").empty(); });
    });
    const int status = InAnotherProcess([&] {
      TestHost host(dir.path(), DyingAtStep(step));
      EXPECT_TRUE(host.supervisor->Stop(kWeb));
      host.UntilState(ProcessState::kStopped);
    });
    TestHost host(dir.path());
    EXPECT_TRUE(host.supervisor->Stop(kWeb));
    host.UntilLooking([&] { return host.StateOf() == ProcessState::kStopped; });
    EXPECT_EQ(CountRunning(spec.uid), 0);
    EXPECT_EQ(ReadText(dir.path() / "starts"), "started\n");
    host.Clean();
    if (WIFEXITED(status)) return;
  }
}

TEST(Crash, ARunningChildIsTakenOverTwiceAndItsExitCodeIsKnown) {
  TempDir dir;
  ProcessSpec spec = StayingSpec(dir);
  spec.command.back() = "echo $$ >> starts; read code < fifo; exit $code";
  spec.restarts_max = 0;
  int first = 0;
  {
    TestHost host(dir.path());
    host.Run(spec);
    host.UntilState(ProcessState::kRunning);
    first = host.Status().pid;
  }
  for (int restart = 0; restart < 2; ++restart) {
    const int status = InAnotherProcess([&] {
      TestHost host(dir.path());
      EXPECT_EQ(host.StateOf(), ProcessState::kRunning);
      EXPECT_EQ(host.Status().pid, first);
      kill(getpid(), SIGKILL);
    });
    EXPECT_TRUE(WIFSIGNALED(status));
  }
  {
    TestHost host(dir.path());
    EXPECT_EQ(host.Status().pid, first);
    std::ofstream(dir.path() / "fifo") << "42\n";
    host.UntilState(ProcessState::kFailed);
    EXPECT_EQ(host.Status().last_exit->code, 42);
  }
  TestHost host(dir.path());
  EXPECT_EQ(host.StateOf(), ProcessState::kFailed);
  EXPECT_EQ(host.Status().last_exit->code, 42);
  EXPECT_EQ(ReadText(dir.path() / "starts"), std::to_string(first) + "\n");
  host.Clean();
}

TEST(Crash, AnExitWhileNoProviderRanIsHandledByTheNext) {
  TempDir dir;
  ProcessSpec spec = StayingSpec(dir);
  spec.command.back() = "read code < fifo; exit $code";
  int shim = 0;
  {
    TestHost host(dir.path());
    host.Run(spec);
    host.UntilState(ProcessState::kRunning);
    shim = ReadRun(InstanceDirectory(dir.path(), kWeb))->shim_pid;
  }
  std::ofstream(dir.path() / "fifo") << "9\n";
  waitpid(shim, nullptr, 0);  // Still this test's child.
  TestHost host(dir.path());
  EXPECT_EQ(host.StateOf(), ProcessState::kBackingOff);
  EXPECT_EQ(host.Status().last_exit->code, 9);
  EXPECT_EQ(host.Status().restarts, 1U);
  host.Clean();
}

TEST(Crash, AKilledShimTakesItsProgramAlongAndOneCopyFollows) {
  TempDir dir;
  const ProcessSpec spec = StayingSpec(dir);
  TestHost host(dir.path());
  host.Run(spec);
  host.UntilState(ProcessState::kRunning);
  const int pid = host.Status().pid;
  kill(ReadRun(InstanceDirectory(dir.path(), kWeb))->shim_pid, SIGKILL);
  host.UntilLooking(
      [&] { return host.StateOf() == ProcessState::kRunning && host.Status().run == 2; });
  EXPECT_NE(host.Status().pid, pid);
  EXPECT_EQ(host.Status().restarts, 1U);
  EXPECT_EQ(CountRunning(spec.uid), 1);
  host.Clean();
}

TEST(Crash, ARecordOfAnotherBootIsNotTakenForAProcess) {
  TempDir dir;
  const ProcessSpec spec = StayingSpec(dir);
  const fs::path home = InstanceDirectory(dir.path(), kWeb);
  fs::create_directories(home);
  Intent intent;
  intent.spec = spec;
  intent.wanted = Wanted::kRunning;
  intent.token = intent.run_token = "1";
  intent.run = 1;
  intent.run_uid = spec.uid;
  intent.run_generation = 1;
  ASSERT_TRUE(WriteIntent(home, intent));
  // Our own pid and start time, as they might have been given out before the host went down.
  std::ofstream(home / "run.json")
      << R"({"run":1,"bootId":"another","shimPid":)" << getpid() << R"(,"shimStart":)"
      << ProcessStartTime(getpid()) << R"(,"pid":)" << getpid() << R"(,"start":1})";
  TestHost host(dir.path());
  EXPECT_EQ(host.StateOf(), ProcessState::kBackingOff);
  EXPECT_EQ(host.Status().restarts, 0U);
  host.clock.Advance(Micros(2'000'000));
  host.UntilState(ProcessState::kRunning);
  EXPECT_NE(host.Status().pid, getpid());
  host.Clean();
}

}  // namespace
}  // namespace sluice::local
