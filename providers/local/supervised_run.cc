// How SupervisedProcess starts, ends and finds again what it runs.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "providers/local/environment.h"
#include "providers/local/listener_owner.h"
#include "providers/local/shim_image.h"
#include "providers/local/supervised_process.h"

namespace sluice::local {
namespace {

constexpr Micros kLookAgain{20'000};
constexpr int kKillAll = SIGUSR2;  // The shim's word for SIGKILL.

Micros Backoff(const SupervisorOptions& options, uint32_t nth) {
  Micros delay = options.restart_delay_min;
  for (uint32_t i = 1; i < nth && delay < options.restart_delay_max; ++i) delay *= 2;
  return std::min(delay, options.restart_delay_max);
}

}  // namespace

// ---- Starting -----------------------------------------------------------------------------------

void SupervisedProcess::Launch() {
  if (Result<void> spawned = SpawnShim(); !spawned) LaunchLater(spawned.error().message);
}

Result<void> SupervisedProcess::SpawnShim() {
  Result<std::string> shim = ShimPath();
  if (!shim) return tl::unexpected(shim.error());
  Result<std::vector<std::string>> environment = BuildEnvironment(id_, intent_.spec);
  if (!environment) return tl::unexpected(environment.error());
  Result<UniqueFd> lock = LockFile(dir_ / "lock");
  if (!lock) return tl::unexpected(lock.error());

  Intent next = intent_;
  ++next.run;
  next.run_uid = next.spec.uid;
  next.run_generation = next.spec.generation;
  next.run_token = next.token;
  Step();
  if (Result<void> written = WriteIntent(dir_, next); !written) return written;
  intent_ = std::move(next);
  Step();

  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return Err(ErrorCode::kIo, "pipe: {}", strerror(errno));
  ready_pipe_.reset(ready[0]);
  const UniqueFd write_end(ready[1]);
  std::vector<std::string> arguments{
      "sluice-shim", std::filesystem::absolute(dir_).string(), std::to_string(intent_.run),
      std::to_string(options_.log_bytes_max), options_.working_dir.string()};
  arguments.insert(arguments.end(), intent_.spec.command.begin(), intent_.spec.command.end());
  Result<Spawned> spawned = Spawn(*shim, arguments, *environment, {lock->get(), write_end.get()});
  if (!spawned) return tl::unexpected(spawned.error());

  Step();
  life_ = Life::kLaunching;
  terminating_ = false;
  is_child_ = true;
  launch_error_.clear();
  launch_attempts_ = 0;
  shim_pid_ = spawned->pid;
  shim_ = std::move(spawned->process);
  shim_watch_.Arm(shim_.get(), FdWatcher::Interest::kRead, [this] { ShimEnded(); });
  ready_watch_.Arm(ready_pipe_.get(), FdWatcher::Interest::kRead, [this] { Launched(); });
  return {};
}

// Nothing was started: no disk, no descriptors, a secret's file is missing, or somebody still holds
// the lock for a moment. It is not the program's failure, so it is not counted as a restart.
void SupervisedProcess::LaunchLater(const std::string& why) {
  spdlog::warn("{}: not started: {}", id_.ToString(), why);
  ready_pipe_.reset();
  launch_error_ = why;
  restart_delay_ = Backoff(options_, ++launch_attempts_);
  restart_.Arm(restart_delay_, [this] { Drive(); });
}

void SupervisedProcess::Launched() {
  Step();
  char byte;
  const bool runs = read(ready_pipe_.get(), &byte, 1) == 1;
  ready_pipe_.reset();
  const std::optional<RunRecord> record = ReadRun(dir_);
  if (!runs || !record || record->run != intent_.run) return;  // Its end comes by shim_watch_.
  Runs(*record);
}

void SupervisedProcess::Runs(const RunRecord& record) {
  life_ = Life::kRunning;
  pid_ = record.pid;
  // None when it has ended already, which its shim is about to say.
  if (Result<UniqueFd> program = OpenProcess(record.pid, record.start); program) {
    program_ = std::move(*program);
  }
  stable_.Arm(options_.stable_after, [this] {
    intent_.restarts = 0;
    Persist();
    Notify();
  });
  StartProber();
  Drive();
}

void SupervisedProcess::StartProber() {
  if (!intent_.spec.readiness || !WantsThisRun()) return;
  Result<std::vector<std::string>> environment = BuildEnvironment(id_, intent_.spec);
  if (!environment) environment = std::vector<std::string>();
  prober_ = std::make_unique<ReadinessProber>(
      *intent_.spec.readiness, ProbeTarget{intent_.spec.address, std::move(*environment)},
      scheduler_, watcher_,
      [this](bool ready, const std::string& message) {
        ready_ = ready;
        ready_message_ = message;
        Notify();
      },
      [this] { return WhyNotReady(); });
}

// A probe asks an address; whether it was this run that answered, it cannot tell. Another program
// on the port would answer for one that is about to end because it could not have it.
std::string SupervisedProcess::WhyNotReady() const {
  const ReadinessSpec& probe = *intent_.spec.readiness;
  if (probe.kind != ReadinessSpec::Kind::kExec &&
      FindListenerOwner(intent_.spec.address, probe.port, shim_pid_) == ListenerOwner::kStranger) {
    return fmt::format("{}:{} is answered by a process that is not of this instance",
                       intent_.spec.address, probe.port);
  }
  return HasEnded(program_) ? "the program has ended" : "";
}

// ---- Ending -------------------------------------------------------------------------------------

void SupervisedProcess::BeginTermination() {
  if (terminating_) return;
  terminating_ = true;
  prober_.reset();
  ready_.reset();
  Step();
  SignalProcess(shim_, SIGTERM);
  Step();
  grace_.Arm(intent_.spec.termination_grace, [this] {
    spdlog::warn("{}: pid {} did not end on SIGTERM", id_.ToString(), pid_);
    SignalProcess(shim_, kKillAll);
  });
}

void SupervisedProcess::ShimEnded() {
  Step();
  if (is_child_) waitpid(shim_pid_, nullptr, 0);
  const std::optional<ExitRecord> record = ReadExit(dir_);
  if (record && record->run == intent_.run) return Ended(record->status, true);
  EndUnseen();
}

// The shim is gone and wrote nothing: it was killed. What it kept dies with it, which is waited
// for.
void SupervisedProcess::EndUnseen() {
  life_ = Life::kUnknown;
  if (KillMarked(intent_.run_uid) > 0) {
    look_again_.Arm(kLookAgain, [this] { EndUnseen(); });
    return;
  }
  Ended(ExitStatus{}, true);
}

void SupervisedProcess::Ended(const ExitStatus& status, bool counts) {
  const bool asked = terminating_ || !WantsThisRun();
  ForgetRun();
  intent_.run_handled = intent_.run;
  intent_.last_exit = status;
  if (!asked && status.success()) {
    intent_.outcome = Outcome::kCompleted;
  } else if (!asked && counts && intent_.restarts >= intent_.spec.restarts_max) {
    intent_.outcome = Outcome::kFailed;
  } else if (!asked) {
    if (counts) ++intent_.restarts;
    restart_delay_ = Backoff(options_, std::max(1U, intent_.restarts));
    restart_.Arm(restart_delay_, [this] { Drive(); });
  }
  Persist();
  Drive();
}

void SupervisedProcess::ForgetRun() {
  life_ = Life::kNone;
  terminating_ = false;
  is_child_ = false;
  pid_ = shim_pid_ = 0;
  prober_.reset();
  ready_.reset();
  ready_message_.clear();
  shim_.reset();
  program_.reset();
  ready_pipe_.reset();
  shim_watch_.Cancel();
  ready_watch_.Cancel();
  grace_.Cancel();
  stable_.Cancel();
}

void SupervisedProcess::RemoveFiles() {
  std::error_code error;
  std::filesystem::remove_all(dir_, error);
  if (error)
    spdlog::warn("{}: cannot remove {}: {}", id_.ToString(), dir_.string(), error.message());
  std::filesystem::remove(dir_.parent_path(), error);  // The namespace's, when it was the last.
  removed_ = true;
}

// ---- After a provider's restart -----------------------------------------------------------------

void SupervisedProcess::Recover() {
  if (intent_.run == intent_.run_handled) {
    life_ = Life::kNone;
    return Drive();
  }
  const std::optional<RunRecord> record = ReadRun(dir_);
  const bool ran = record && record->run == intent_.run;
  if (LockFile(dir_ / "lock")) {  // Nobody keeps it, so nothing runs; let go of again at once.
    const std::optional<ExitRecord> exit = ReadExit(dir_);
    if (exit && exit->run == intent_.run) return Ended(exit->status, true);
    if (ran && record->boot_id == BootId()) return EndUnseen();
    return Ended(ExitStatus{}, false);  // Never launched, or ended with the host.
  }
  if (ran && record->boot_id == BootId()) {
    if (Result<UniqueFd> shim = OpenProcess(record->shim_pid, record->shim_start); shim) {
      spdlog::info("{}: took over pid {}", id_.ToString(), record->pid);
      shim_pid_ = record->shim_pid;
      shim_ = std::move(*shim);
      shim_watch_.Arm(shim_.get(), FdWatcher::Interest::kRead, [this] { ShimEnded(); });
      return Runs(*record);
    }
  }
  life_ = Life::kUnknown;  // A shim is about to write its record, or about to be gone.
  look_again_.Arm(kLookAgain, [this] { Recover(); });
}

}  // namespace sluice::local
