// sluice-shim DIR RUN LOG_BYTES_MAX CWD COMMAND [ARG...]
//
// Keeps one process of the local provider: starts it in a session of its own, appends its output to
// DIR/output.log, and writes down how it ended. It outlives the provider, so a provider that comes
// back learns the exit code of a child that is no longer its own. It links nothing but libc.
//
// Descriptor 3 is DIR/lock, locked by the provider and inherited: it stays locked exactly as long
// as this program lives, whatever happens to the provider, and it is what makes a second copy
// impossible. Descriptor 4 gets one byte when the program runs.
//
// The order is the protocol: fork, DIR/run.json durable, only then exec; program and all that it
// left behind gone, DIR/exit.json durable, only then exit.
//   SIGTERM  is passed on to the program's process group.
//   SIGUSR2  kills the group and every other descendant.
// If the shim itself is killed, the kernel kills the program (PR_SET_PDEATHSIG).
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int kLockFd = 3;
constexpr int kReadyFd = 4;
constexpr int kExitNotRecorded = 120;

struct Shim {
  const char* run;
  off_t log_bytes_max;
  const char* cwd;
  char** command;

  pid_t child = 0;
  int output = -1;  // Read end of the program's stdout and stderr.
  int log = -1;
  off_t log_bytes = 0;
};

// Replaces NAME in the working directory (DIR) so that a crash leaves the old or the new, whole.
bool WriteDurably(const char* name, const char* temporary, const char* text) {
  const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const size_t size = strlen(text);
  const bool written = write(fd, text, size) == static_cast<ssize_t>(size) && fsync(fd) == 0;
  const int error = errno;
  close(fd);
  errno = error;
  if (!written || rename(temporary, name) != 0) return false;
  const int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return false;
  const bool synced = fsync(dir) == 0;
  close(dir);
  return synced;
}

// Field 22 of /proc/PID/stat: with the pid and the boot it names a process for ever.
unsigned long long StartTime(pid_t pid, pid_t* parent = nullptr) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[1024];
  const ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return 0;
  text[size] = 0;
  const char* rest = strrchr(text, ')');  // The name before it may hold anything.
  int ppid = 0;
  unsigned long long start = 0;
  if (rest == nullptr || sscanf(rest + 1,
                                " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
                                "%*d %*d %*d %llu",
                                &ppid, &start) != 2) {
    return 0;
  }
  if (parent != nullptr) *parent = ppid;
  return start;
}

bool RecordRun(const Shim& shim) {
  char boot[64] = "";
  const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    const ssize_t size = read(fd, boot, sizeof boot - 1);
    boot[size > 0 ? size : 0] = 0;
    boot[strcspn(boot, "\n")] = 0;
    close(fd);
  }
  char text[512];
  snprintf(text, sizeof text,
           "{\"run\":%s,\"bootId\":\"%s\",\"shimPid\":%d,\"shimStart\":%llu,\"pid\":%d,\"start\":%"
           "llu}\n",
           shim.run, boot, getpid(), StartTime(getpid()), shim.child, StartTime(shim.child));
  return WriteDurably("run.json", "run.json.new", text);
}

bool RecordExit(const Shim& shim, const char* field, int value) {
  char text[128];
  snprintf(text, sizeof text, "{\"run\":%s,\"%s\":%d}\n", shim.run, field, value);
  return WriteDurably("exit.json", "exit.json.new", text);
}

void OpenLog(Shim& shim) {
  shim.log = open("output.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat info;
  shim.log_bytes = shim.log >= 0 && fstat(shim.log, &info) == 0 ? info.st_size : 0;
}

// Moves what the program wrote into the log. A full disk loses output, never the program.
void PumpOutput(Shim& shim) {
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t size = read(shim.output, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      close(shim.output);
      shim.output = -1;
      return;
    }
    if (shim.log_bytes > 0 && shim.log_bytes + size > shim.log_bytes_max) {
      close(shim.log);
      rename("output.log", "output.log.1");
      OpenLog(shim);
    }
    if (shim.log >= 0 && write(shim.log, buffer, static_cast<size_t>(size)) == size) {
      shim.log_bytes += size;
    }
  }
}

[[noreturn]] void RunChild(const Shim& shim, pid_t parent, int gate, int status, int output) {
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  char released;
  if (read(gate, &released, 1) != 1) _exit(1);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGHUP, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  if (chdir(shim.cwd) == 0) execvp(shim.command[0], shim.command);
  const int error = errno;
  if (write(status, &error, sizeof error) < 0) _exit(126);
  _exit(127);
}

// Starts the program; 0, or the errno for which it could not be started.
int Launch(Shim& shim) {
  int gate[2], status[2], output[2];
  if (pipe2(gate, O_CLOEXEC) != 0 || pipe2(status, O_CLOEXEC) != 0 ||
      pipe2(output, O_CLOEXEC) != 0) {
    return errno;
  }
  const pid_t parent = getpid();
  shim.child = fork();
  if (shim.child < 0) return errno;
  if (shim.child == 0) {
    close(gate[1]);
    RunChild(shim, parent, gate[0], status[1], output[1]);
  }
  close(gate[0]);
  close(status[1]);
  close(output[1]);
  shim.output = output[0];
  fcntl(shim.output, F_SETFL, O_NONBLOCK);
  if (!RecordRun(shim)) {
    const int error = errno;
    kill(shim.child, SIGKILL);
    return error;
  }
  if (write(gate[1], "g", 1) != 1) return errno;
  close(gate[1]);
  int error = 0;
  while (read(status[0], &error, sizeof error) < 0 && errno == EINTR) {
  }
  close(status[0]);
  return error;
}

// Kills what the program left behind: its group, and what left the group and fell to us as the
// subreaper. Ends when no child is left.
void KillDescendants(const Shim& shim) {
  kill(-shim.child, SIGKILL);
  const pid_t self = getpid();
  DIR* proc = opendir("/proc");
  while (const dirent* entry = proc != nullptr ? readdir(proc) : nullptr) {
    const pid_t pid = atoi(entry->d_name);
    pid_t parent = 0;
    if (pid > 0 && StartTime(pid, &parent) != 0 && parent == self) kill(pid, SIGKILL);
  }
  if (proc != nullptr) closedir(proc);
}

// Reaps orphans; true when the program itself has ended, which is then still a zombie, so that its
// group's number is nobody else's.
bool ProgramEnded(const Shim& shim) {
  for (;;) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return false;
    if (info.si_pid == shim.child) return true;
    waitpid(info.si_pid, nullptr, 0);
  }
}

void Serve(Shim& shim, int signals) {
  for (;;) {
    pollfd polled[2] = {{signals, POLLIN, 0}, {shim.output, POLLIN, 0}};
    if (poll(polled, 2, -1) < 0 && errno != EINTR) return;
    if (polled[1].revents != 0) PumpOutput(shim);
    signalfd_siginfo got;
    while (read(signals, &got, sizeof got) == static_cast<ssize_t>(sizeof got)) {
      if (got.ssi_signo == SIGTERM) kill(-shim.child, SIGTERM);
      if (got.ssi_signo == SIGUSR2) KillDescendants(shim);
      if (got.ssi_signo == SIGCHLD && ProgramEnded(shim)) return;
    }
  }
}

int Finish(Shim& shim, int start_error) {
  int status = 0;
  KillDescendants(shim);
  waitpid(shim.child, &status, 0);
  do {
    KillDescendants(shim);
  } while (waitpid(-1, nullptr, 0) > 0);  // Each that dies may leave us children of its own.
  if (shim.output >= 0) PumpOutput(shim);
  bool recorded = false;
  if (start_error != 0) {
    recorded = RecordExit(shim, "startErrno", start_error);
  } else if (WIFSIGNALED(status)) {
    recorded = RecordExit(shim, "signal", WTERMSIG(status));
  } else {
    recorded = RecordExit(shim, "exitCode", WEXITSTATUS(status));
  }
  return recorded ? 0 : kExitNotRecorded;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6 || chdir(argv[1]) != 0) return kExitNotRecorded;
  Shim shim{argv[2], static_cast<off_t>(atoll(argv[3])), argv[4], argv + 5};
  close_range(kReadyFd + 1, ~0U, 0);
  fcntl(kLockFd, F_SETFD, FD_CLOEXEC);
  fcntl(kReadyFd, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_NAME, "sluice-shim");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  sigaddset(&watched, SIGTERM);
  sigaddset(&watched, SIGUSR2);
  sigprocmask(SIG_SETMASK, &watched, nullptr);
  const int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) return kExitNotRecorded;

  OpenLog(shim);
  const int start_error = Launch(shim);
  if (start_error == 0) {
    if (write(kReadyFd, "R", 1) < 0) errno = 0;  // The provider is gone; it will read run.json.
    close(kReadyFd);
    Serve(shim, signals);
  }
  if (shim.child <= 0) return RecordExit(shim, "startErrno", start_error) ? 0 : kExitNotRecorded;
  return Finish(shim, start_error);
}
