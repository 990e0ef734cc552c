#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "events/result.h"

// The few things the supervisor asks of the kernel about processes (Linux only).
namespace sluice::local {

// A descriptor that is closed with its holder.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// Start time in clock ticks since boot (field 22 of /proc/PID/stat); 0 when there is no such
// process.
uint64_t ProcessStartTime(pid_t pid);

std::string BootId();

// A descriptor of exactly the process that has this pid and start time: it never comes to mean
// another, and it is readable once the process has ended. kNotFound when that one is gone.
Result<UniqueFd> OpenProcess(pid_t pid, uint64_t start_time);

// Whether the process behind the descriptor has ended, reaped or not; true without one.
bool HasEnded(const UniqueFd& process);

// Sends to the process behind the descriptor; nothing happens when it has ended.
void SignalProcess(const UniqueFd& process, int signal);

// The marker that every process of an instance carries in its environment.
inline constexpr char kMarker[] = "SLUICE_INSTANCE_UID";

// Kills every process on this host whose marker names `uid`: what a killed shim left behind.
// Returns how many were found.
int KillMarked(const std::string& uid);

// Takes the file's lock without waiting. kUnavailable when somebody holds it, kIo else. The lock is
// the open file's: whoever inherits the descriptor holds it, too.
Result<UniqueFd> LockFile(const std::filesystem::path& path);

struct Spawned {
  pid_t pid = 0;
  UniqueFd process;  // As of OpenProcess.
};

// Executes `path` in a new session, with no signal blocked or ignored, descriptor i of `inherited`
// as 3 + i and stdin, stdout and stderr on /dev/null. `environment` is the whole of it.
Result<Spawned> Spawn(const std::string& path, const std::vector<std::string>& arguments,
                      const std::vector<std::string>& environment,
                      const std::vector<int>& inherited);

}  // namespace sluice::local
