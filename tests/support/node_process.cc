#include "tests/support/node_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "events/result.h"

namespace sluice::testing {
namespace {

using Clock = std::chrono::steady_clock;

int PidFd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

struct Descriptors {
  int in = -1;
  int out = -1;
  int err = -1;
};

pid_t Spawn(const std::vector<std::string>& arguments, const Descriptors& descriptors,
            const ChildSetup& setup) {
  std::vector<std::string> words = {SLUICE_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(descriptors.in, STDIN_FILENO);
  dup2(descriptors.out, STDOUT_FILENO);
  dup2(descriptors.err, STDERR_FILENO);
  unsetenv("SLUICE_SERVER");
  if (setup) setup();
  execv(SLUICE_BINARY, argv.data());
  _exit(126);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int Open(const std::string& path, int flags) {
  const int descriptor = open(path.c_str(), flags | O_CLOEXEC, 0600);
  CHECK(descriptor >= 0);
  return descriptor;
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool WaitReadable(int descriptor, Duration at_most) {
  pollfd waits{.fd = descriptor, .events = POLLIN, .revents = 0};
  return poll(&waits, 1, static_cast<int>(std::max<int64_t>(0, at_most.us / 1000))) > 0;
}

std::string UniquePath(const std::string& name) {
  static std::atomic<int> number = 0;
  return (std::filesystem::temp_directory_path() /
          fmt::format("sluice-{}-{}-{}", name, getpid(), number++))
      .string();
}

}  // namespace

TempDir::TempDir(const std::string& name) : path_(UniquePath(name)) {
  std::filesystem::create_directories(path_);
}

TempDir::~TempDir() {
  if (::testing::Test::HasFailure()) {
    std::cerr << "kept: " << path_ << std::endl;
    return;
  }
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Finished RunSluiceBinary(const std::vector<std::string>& arguments, const std::string& input,
                         const ChildSetup& setup) {
  const TempDir files("run");
  std::ofstream(files / "in", std::ios::binary) << input;
  const Descriptors descriptors{.in = Open(files / "in", O_RDONLY),
                                .out = Open(files / "out", O_WRONLY | O_CREAT),
                                .err = Open(files / "err", O_WRONLY | O_CREAT)};
  const pid_t pid = Spawn(arguments, descriptors, setup);
  for (const int descriptor : {descriptors.in, descriptors.out, descriptors.err}) {
    close(descriptor);
  }
  const int exited = PidFd(pid);
  if (!WaitReadable(exited, kProcessPatience)) kill(pid, SIGKILL);
  close(exited);
  int status = 0;
  waitpid(pid, &status, 0);
  return {ExitCode(status), ReadFile(files / "out"), ReadFile(files / "err")};
}

NodeProcess::NodeProcess(const std::string& data_dir, uint16_t port, std::vector<std::string> more,
                         const ChildSetup& setup)
    : err_path_(UniquePath("node-err")) {
  std::vector<std::string> arguments = {"up", "--data", data_dir, "--listen",
                                        fmt::format("127.0.0.1:{}", port)};
  if (std::find(more.begin(), more.end(), "--provider") == more.end()) {
    more.insert(more.end(), {"--provider", "none"});
  }
  arguments.insert(arguments.end(), more.begin(), more.end());
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  const Descriptors descriptors{.in = Open("/dev/null", O_RDONLY),
                                .out = ends[1],
                                .err = Open(err_path_, O_WRONLY | O_CREAT | O_TRUNC)};
  pid_ = Spawn(arguments, descriptors, setup);
  for (const int descriptor : {descriptors.in, descriptors.out, descriptors.err}) {
    close(descriptor);
  }
  out_ = ends[0];
  exited_ = PidFd(pid_);
}

NodeProcess::~NodeProcess() {
  Kill();
  close(out_);
  close(exited_);
  std::error_code ignored;
  std::filesystem::remove(err_path_, ignored);
}

bool NodeProcess::WaitReady(Duration at_most) {
  const auto deadline = Clock::now() + std::chrono::microseconds(at_most.us);
  while (url_.empty()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now());
    if (left.count() <= 0 || !WaitReadable(out_, Duration{left.count()})) return false;
    char buffer[512];
    const ssize_t count = read(out_, buffer, sizeof(buffer));
    if (count <= 0) return false;
    said_.append(buffer, static_cast<size_t>(count));
    const size_t begin = said_.find("http://");
    const size_t end = begin == said_.npos ? said_.npos : said_.find(' ', begin);
    if (end != said_.npos) url_ = said_.substr(begin, end - begin);
  }
  return true;
}

uint16_t NodeProcess::port() const {
  return static_cast<uint16_t>(std::stoul(url_.substr(url_.rfind(':') + 1)));
}

std::optional<int> NodeProcess::Reap(Duration at_most) {
  if (!WaitReadable(exited_, at_most)) return std::nullopt;
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return ExitCode(status);
}

bool NodeProcess::Runs() { return pid_ > 0 && !WaitReadable(exited_, {}); }

void NodeProcess::Signal(int number) {
  if (pid_ > 0) kill(pid_, number);
}

void NodeProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  Reap(kProcessPatience);
}

int NodeProcess::Stop() {
  if (pid_ > 0) kill(pid_, SIGTERM);
  return Wait();
}

int NodeProcess::Wait(Duration at_most) {
  if (pid_ <= 0) return -1;
  const std::optional<int> code = Reap(at_most);
  if (code) return *code;
  Kill();
  return 128 + SIGKILL;
}

std::string NodeProcess::Errors() const { return ReadFile(err_path_); }

}  // namespace sluice::testing
