#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "providers/local/fd_watcher.h"
#include "providers/local/host_process.h"
#include "providers/local/instance_files.h"
#include "providers/local/probe.h"
#include "providers/local/process_host.h"
#include "providers/local/scheduler.h"

namespace sluice::local {

struct SupervisorOptions {
  std::filesystem::path data_dir;
  std::filesystem::path working_dir = std::filesystem::current_path();  // Of the processes.
  int64_t log_bytes_max = 16 << 20;       // Per file; one older file is kept beside it.
  Micros restart_delay_min{2'000'000};    // Doubles with every restart in a row,
  Micros restart_delay_max{300'000'000};  // up to this.
  Micros stable_after{300'000'000};       // Having run this long, earlier restarts are forgotten.
  std::function<void()> on_step;  // Called between any two durable steps: where tests crash.
};

// One instance's process: what is wanted of it (durable, in intent.json), what is so, and the steps
// from the one to the other. Single-threaded.
//
// Invariants: a program runs only under a shim that holds DIR/lock, so there is never a second one;
// intent.json names a run before the shim of that run exists; whatever ends is handled once, under
// its run's number. Drive() is the only place that starts or stops anything.
class SupervisedProcess {
 public:
  SupervisedProcess(InstanceId id, Intent intent, const SupervisorOptions& options,
                    Scheduler& scheduler, FdWatcher& watcher, ProcessHost::Listener listener);

  // Finds out what an earlier provider left running, and takes it over or ends it.
  void Recover();

  // As in ProcessHost.
  Result<void> Prepare(const ProcessSpec& spec);
  Result<void> Start();
  Result<void> Restart(const std::string& token);
  Result<void> Stop();
  Result<void> Remove();
  Result<void> EndTold(uint64_t run);

  ProcessStatus status() const;
  bool removed() const { return removed_; }

 private:
  enum class Life : uint8_t {
    kNone,       // Nothing runs.
    kUnknown,    // Something may run: an earlier provider's, not identified yet.
    kLaunching,  // The shim was spawned; the program not yet.
    kRunning,
  };

  Result<void> Change(Intent next);
  void Drive();
  bool WantsThisRun() const;
  bool Settled() const;

  void Launch();
  Result<void> SpawnShim();
  void LaunchLater(const std::string& why);
  void Launched();
  void Runs(const RunRecord& record);
  void BeginTermination();
  void ShimEnded();
  void Ended(const ExitStatus& status, bool counts);
  void EndUnseen();
  void ForgetRun();
  void StartProber();
  std::string WhyNotReady() const;
  void RemoveFiles();
  void Persist();
  void Step() const {
    if (options_.on_step) options_.on_step();
  }
  void Notify();

  const InstanceId id_;
  const std::filesystem::path dir_;
  const SupervisorOptions& options_;
  Scheduler& scheduler_;
  FdWatcher& watcher_;
  const ProcessHost::Listener listener_;

  Intent intent_;
  Life life_ = Life::kNone;
  bool terminating_ = false;
  bool removed_ = false;
  bool is_child_ = false;  // The shim is our child, to be reaped.
  int pid_ = 0;
  int shim_pid_ = 0;
  UniqueFd shim_;
  UniqueFd program_;
  UniqueFd ready_pipe_;
  std::string launch_error_;
  uint32_t launch_attempts_ = 0;  // In a row that got no shim.
  Micros restart_delay_{0};
  std::optional<bool> ready_;
  std::string ready_message_;
  std::optional<ProcessStatus> notified_;

  std::unique_ptr<ReadinessProber> prober_;
  ScopedWatch shim_watch_;
  ScopedWatch ready_watch_;
  ScopedTimer grace_;
  ScopedTimer restart_;
  ScopedTimer stable_;
  ScopedTimer look_again_;
};

}  // namespace sluice::local
