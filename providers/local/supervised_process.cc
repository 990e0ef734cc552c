#include "providers/local/supervised_process.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "providers/local/environment.h"

namespace sluice::local {

SupervisedProcess::SupervisedProcess(InstanceId id, Intent intent, const SupervisorOptions& options,
                                     Scheduler& scheduler, FdWatcher& watcher,
                                     ProcessHost::Listener listener)
    : id_(std::move(id)),
      dir_(InstanceDirectory(options.data_dir, id_)),
      options_(options),
      scheduler_(scheduler),
      watcher_(watcher),
      listener_(std::move(listener)),
      intent_(std::move(intent)),
      shim_watch_(watcher),
      ready_watch_(watcher),
      grace_(scheduler),
      restart_(scheduler),
      stable_(scheduler),
      look_again_(scheduler) {}

// ---- What is wanted -----------------------------------------------------------------------------

Result<void> SupervisedProcess::Change(Intent next) {
  if (next == intent_) {
    Drive();
    return {};
  }
  Step();
  if (Result<void> written = WriteIntent(dir_, next); !written) return written;
  Step();
  intent_ = std::move(next);
  Drive();
  return {};
}

Result<void> SupervisedProcess::Prepare(const ProcessSpec& spec) {
  if (spec.command.empty()) return Err(ErrorCode::kInvalid, "the command is empty");
  if (const auto environment = BuildEnvironment(id_, spec); !environment) {
    return tl::unexpected(environment.error());
  }
  Intent next = intent_;
  if (spec.uid != next.spec.uid || spec.generation != next.spec.generation) {
    next.wanted = Wanted::kPrepared;
    next.outcome = Outcome::kNone;
    next.restarts = 0;
  }
  next.spec = spec;
  return Change(std::move(next));
}

Result<void> SupervisedProcess::Start() {
  if (Settled() && intent_.run_told < intent_.run) return Change(intent_);
  Intent next = intent_;
  next.wanted = Wanted::kRunning;
  if (Settled()) {
    next.outcome = Outcome::kNone;
    next.restarts = 0;
  }
  return Change(std::move(next));
}

Result<void> SupervisedProcess::EndTold(uint64_t run) {
  Intent next = intent_;
  next.run_told = std::max(next.run_told, run);
  return Change(std::move(next));
}

Result<void> SupervisedProcess::Restart(const std::string& token) {
  if (intent_.wanted == Wanted::kRunning && intent_.token == token) return Change(intent_);
  Intent next = intent_;
  next.wanted = Wanted::kRunning;
  next.token = token;
  next.outcome = Outcome::kNone;
  next.restarts = 0;
  restart_.Cancel();
  return Change(std::move(next));
}

Result<void> SupervisedProcess::Stop() {
  Intent next = intent_;
  next.wanted = Wanted::kStopped;
  next.outcome = Outcome::kNone;
  return Change(std::move(next));
}

Result<void> SupervisedProcess::Remove() {
  Intent next = intent_;
  next.wanted = Wanted::kRemoved;
  return Change(std::move(next));
}

bool SupervisedProcess::WantsThisRun() const {
  return intent_.wanted == Wanted::kRunning && intent_.run_uid == intent_.spec.uid &&
         intent_.run_generation == intent_.spec.generation && intent_.run_token == intent_.token;
}

// The wanted run has ended in a way that is not repaired by another.
bool SupervisedProcess::Settled() const {
  return intent_.outcome != Outcome::kNone && intent_.run_uid == intent_.spec.uid &&
         intent_.run_generation == intent_.spec.generation;
}

// From what is so to what is wanted, as far as it goes now.
void SupervisedProcess::Drive() {
  if (life_ == Life::kUnknown || removed_) return;
  if (life_ != Life::kNone) {
    if (!WantsThisRun()) BeginTermination();
  } else if (intent_.wanted == Wanted::kRemoved) {
    RemoveFiles();
  } else if (intent_.wanted != Wanted::kRunning) {
    restart_.Cancel();
  } else if (!Settled() && !restart_.armed()) {
    Launch();
  }
  Notify();
}

// ---- Telling ------------------------------------------------------------------------------------

void SupervisedProcess::Persist() {
  Step();
  if (Result<void> written = WriteIntent(dir_, intent_); !written) {
    // What it says is found out again after a crash; only the count of restarts may be one behind.
    spdlog::warn("{}: {}", id_.ToString(), written.error().message);
  }
}

ProcessStatus SupervisedProcess::status() const {
  ProcessStatus status;
  status.id = id_;
  const bool lives = life_ != Life::kNone;
  status.uid = lives ? intent_.run_uid : intent_.spec.uid;
  status.generation = lives ? intent_.run_generation : intent_.spec.generation;
  status.run = intent_.run;
  status.pid = pid_;
  status.last_exit = intent_.last_exit;
  status.restarts = intent_.restarts;
  status.ready = ready_;
  status.ready_message = ready_message_;
  status.address = intent_.spec.address;
  status.location = intent_.spec.location;
  status.end_told = !lives && intent_.run_told >= intent_.run;
  status.awaits_probe = life_ == Life::kRunning && is_child_ && prober_ && !ready_;
  status.completed = !lives && Settled() && intent_.outcome == Outcome::kCompleted;
  if (removed_) {
    status.state = ProcessState::kRemoved;
  } else if (lives) {
    status.state = terminating_              ? ProcessState::kStopping
                   : life_ == Life::kRunning ? ProcessState::kRunning
                                             : ProcessState::kStarting;
  } else if (restart_.armed()) {
    status.state = ProcessState::kBackingOff;
    status.restart_delay = restart_delay_;
    if (!launch_error_.empty()) status.last_exit = ExitStatus{{}, {}, launch_error_};
  } else if (Settled()) {
    status.state =
        intent_.outcome == Outcome::kFailed ? ProcessState::kFailed : ProcessState::kStopped;
  } else {
    status.state =
        intent_.wanted == Wanted::kStopped ? ProcessState::kStopped : ProcessState::kPrepared;
  }
  return status;
}

void SupervisedProcess::Notify() {
  ProcessStatus now = status();
  if (notified_ == now) return;
  notified_ = now;
  listener_(now);
}

}  // namespace sluice::local
