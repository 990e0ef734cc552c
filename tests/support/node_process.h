// The real `sluice` binary as child processes: nodes to be killed, and verbs run to their end.
// Not thread-safe, except for url().
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "events/basic_types.h"

namespace sluice::testing {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

// How long a process may take for what takes seconds. Under a sanitizer everything takes several
// times as long, as ctest's time-outs grant it.
inline constexpr Duration kProcessPatience = Duration::Seconds(kIsSanitized ? 300 : 60);

// A directory that goes with everything in it; kept where a test failed, its path printed.
class TempDir {
 public:
  explicit TempDir(const std::string& name);
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// In the child between fork and exec: limits, say. Async-signal-safe calls only.
using ChildSetup = std::function<void()>;

struct Finished {
  int exit_code = -1;  // 128 + signal for one that was killed
  std::string out;
  std::string err;
};

// Runs `sluice ARGUMENTS` to its end; killed where that takes too long (exit_code 137).
Finished RunSluiceBinary(const std::vector<std::string>& arguments, const std::string& input = "",
                         const ChildSetup& setup = nullptr);

// `sluice up` as a child; ended with SIGKILL where it still runs when this goes.
class NodeProcess {
 public:
  // On a free port, or on `port`. `more` goes behind on the command line; without a --provider
  // there it is none.
  NodeProcess(const std::string& data_dir, uint16_t port = 0, std::vector<std::string> more = {},
              const ChildSetup& setup = nullptr);
  ~NodeProcess();
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  // True once it said that it is ready; false when it ended, or was not ready in time.
  bool WaitReady(Duration at_most = kProcessPatience);
  // "http://127.0.0.1:PORT", of a node that is ready.
  const std::string& url() const { return url_; }
  uint16_t port() const;
  pid_t pid() const { return pid_; }
  bool Runs();

  // SIGSTOP, SIGCONT, SIGTERM; does not wait.
  void Signal(int number);
  // SIGKILL; back when the process is gone.
  void Kill();
  // SIGTERM; its exit code when it ended in time, else it is killed and this is 137.
  int Stop();
  // Its exit code once it ended by itself.
  int Wait(Duration at_most = kProcessPatience);

  // What it wrote to standard error so far.
  std::string Errors() const;

 private:
  std::optional<int> Reap(Duration at_most);

  pid_t pid_ = -1;
  int out_ = -1;
  int exited_ = -1;  // a pidfd: readable once it ended
  std::string err_path_;
  std::string said_;
  std::string url_;
};

}  // namespace sluice::testing
