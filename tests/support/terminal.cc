#include "tests/support/terminal.h"

#include <poll.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "events/result.h"

namespace sluice::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kAtMost{60};

}  // namespace

Terminal::Terminal(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {SLUICE_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = forkpty(&master_, nullptr, nullptr, nullptr);
  CHECK(pid_ >= 0);
  if (pid_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  unsetenv("SLUICE_SERVER");
  execv(SLUICE_BINARY, argv.data());
  _exit(126);
}

Terminal::~Terminal() {
  Wait({});
  close(master_);
}

void Terminal::Type(const std::string& line) {
  const std::string bytes = line + "\n";
  CHECK(write(master_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

std::string Terminal::ReadTo(const std::string& text) {
  const auto deadline = Clock::now() + kAtMost;
  while (true) {
    if (const size_t found = shown_.find(text); found != shown_.npos) {
      std::string seen = shown_.substr(0, found + text.size());
      shown_.erase(0, seen.size());
      return seen;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waits{.fd = master_, .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&waits, 1, static_cast<int>(left)) <= 0) break;
    char buffer[4096];
    const ssize_t count = read(master_, buffer, sizeof(buffer));
    if (count <= 0) break;  // It ended.
    shown_.append(buffer, static_cast<size_t>(count));
  }
  return std::exchange(shown_, {});
}

int Terminal::Wait(Duration at_most) {
  if (pid_ <= 0) return -1;
  const int exited = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd waits{.fd = exited, .events = POLLIN, .revents = 0};
  if (poll(&waits, 1, static_cast<int>(at_most.us / 1000)) <= 0) kill(pid_, SIGKILL);
  close(exited);
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace sluice::testing
