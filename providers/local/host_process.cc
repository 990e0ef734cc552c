#include "providers/local/host_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace sluice::local {
namespace fs = std::filesystem;

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

uint64_t ProcessStartTime(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(in, text)) return 0;
  const size_t name_end = text.rfind(')');  // The name before it may hold anything.
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int index = 3; index <= 22 && fields >> field; ++index) {
    if (index == 22) return std::strtoull(field.c_str(), nullptr, 10);
  }
  return 0;
}

std::string BootId() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(in, id);
  return id;
}

Result<UniqueFd> OpenProcess(pid_t pid, uint64_t start_time) {
  UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  // Opened first, compared then: what was compared is what is open, or it has ended.
  if (!process || ProcessStartTime(pid) != start_time) {
    return Err(ErrorCode::kNotFound, "process {} is gone", pid);
  }
  return process;
}

bool HasEnded(const UniqueFd& process) {
  pollfd polled{process.get(), POLLIN, 0};
  return !process || poll(&polled, 1, 0) != 0;
}

void SignalProcess(const UniqueFd& process, int signal) {
  if (process) syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
}

int KillMarked(const std::string& uid) {
  const std::string wanted = std::string(1, '\0') + kMarker + "=" + uid + "/";
  int found = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || pid == getpid()) continue;
    UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    std::ifstream in(entry.path() / "environ", std::ios::binary);
    std::ostringstream environment;
    environment << '\0' << in.rdbuf();
    if (!process || environment.str().find(wanted) == std::string::npos) continue;
    SignalProcess(process, SIGKILL);
    ++found;
  }
  return found;
}

Result<UniqueFd> LockFile(const fs::path& path) {
  UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return Err(ErrorCode::kIo, "cannot open {}: {}", path.string(), strerror(errno));
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    const ErrorCode code = errno == EWOULDBLOCK ? ErrorCode::kUnavailable : ErrorCode::kIo;
    return Err(code, "cannot lock {}: {}", path.string(), strerror(errno));
  }
  return file;
}

Result<Spawned> Spawn(const std::string& path, const std::vector<std::string>& arguments,
                      const std::vector<std::string>& environment,
                      const std::vector<int>& inherited) {
  constexpr int kFirstInherited = 3;
  std::vector<UniqueFd> sources;  // Out of the way of where they go.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
  for (const int fd : inherited) {
    const int target = kFirstInherited + static_cast<int>(sources.size());
    sources.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, kFirstInherited + 16));
    posix_spawn_file_actions_adddup2(&actions, sources.back().get(), target);
  }

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<char*> argv, envp;
  for (const std::string& text : arguments) argv.push_back(const_cast<char*>(text.c_str()));
  for (const std::string& text : environment) envp.push_back(const_cast<char*>(text.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);

  Spawned spawned;
  const int error =
      posix_spawnp(&spawned.pid, path.c_str(), &actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return Err(ErrorCode::kIo, "cannot execute {}: {}", path, strerror(error));
  spawned.process.reset(static_cast<int>(syscall(SYS_pidfd_open, spawned.pid, 0)));
  if (!spawned.process) {
    return Err(ErrorCode::kIo, "cannot watch process {}: {}", spawned.pid, strerror(errno));
  }
  return spawned;
}

}  // namespace sluice::local
