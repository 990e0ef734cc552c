#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "providers/local/fd_watcher.h"
#include "providers/local/process_host.h"

namespace sluice::local {

// One attempt at a readiness check. Destroying it abandons the attempt.
class ProbeAttempt {
 public:
  virtual ~ProbeAttempt() = default;
};

struct ProbeTarget {
  std::string address;                   // IPv4
  std::vector<std::string> environment;  // For kExec.
};

// Starts an attempt. `done(ok, message)` is called once, never from inside this call; the caller
// watches the time. An HTTP answer from 200 to 399 is ok, as are an accepted connection and exit
// code 0.
std::unique_ptr<ProbeAttempt> StartProbe(const ReadinessSpec& spec, const ProbeTarget& target,
                                         Scheduler& scheduler, FdWatcher& watcher,
                                         std::function<void(bool ok, std::string message)> done);

// Probes again and again while it exists: ready at the first success, not ready after
// `failure_threshold` failures in a row. Calls `verdict` at the first verdict and whenever it
// flips. A success that would become a verdict is put to `objection` first: what that says makes it
// a failure, with this message; empty means none.
class ReadinessProber {
 public:
  using Verdict = std::function<void(bool ready, const std::string& message)>;
  using Objection = std::function<std::string()>;

  ReadinessProber(ReadinessSpec spec, ProbeTarget target, Scheduler& scheduler, FdWatcher& watcher,
                  Verdict verdict, Objection objection = {});

 private:
  void Attempt();
  void Finish(bool ok, std::string message);

  const ReadinessSpec spec_;
  const ProbeTarget target_;
  Scheduler& scheduler_;
  FdWatcher& watcher_;
  const Verdict verdict_;
  const Objection objection_;

  std::optional<bool> ready_;
  uint32_t failures_ = 0;  // In a row.
  std::unique_ptr<ProbeAttempt> attempt_;
  ScopedTimer timeout_;
  ScopedTimer next_;
};

}  // namespace sluice::local
