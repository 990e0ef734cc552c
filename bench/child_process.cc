#include "bench/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "bench/measurement.h"

namespace sluice::bench {

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::vector<std::string>& arguments,
                                                          const std::string& log) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) {
    return Err(ErrorCode::kIo, "no pipe to {}: {}", arguments.front(), std::strerror(errno));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0644);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, argv.front(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  if (failed != 0) {
    close(in[1]);
    close(out[0]);
    return Err(ErrorCode::kUnavailable, "{} does not start: {}", arguments.front(),
               std::strerror(failed));
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, in[1], out[0]));
}

ChildProcess::~ChildProcess() {
  Kill();
  close(in_);
  close(out_);
}

std::optional<std::string> ChildProcess::ReadLine(Duration at_most) {
  const Stopwatch watch;
  while (true) {
    if (const size_t end = said_.find('\n'); end != std::string::npos) {
      std::string line = said_.substr(0, end);
      said_.erase(0, end + 1);
      return line;
    }
    const int64_t left_ms = (at_most.us - watch.Elapsed().us) / 1000;
    pollfd readable{.fd = out_, .events = POLLIN, .revents = 0};
    if (left_ms <= 0 || poll(&readable, 1, static_cast<int>(left_ms)) <= 0) return std::nullopt;
    std::array<char, 4096> bytes{};
    const ssize_t count = read(out_, bytes.data(), bytes.size());
    if (count <= 0) return std::nullopt;
    said_.append(bytes.data(), static_cast<size_t>(count));
  }
}

void ChildProcess::Write(std::string_view bytes) {
  // One that ended is noticed when it is read from.
  [[maybe_unused]] const ssize_t written = write(in_, bytes.data(), bytes.size());
}

void ChildProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace sluice::bench
