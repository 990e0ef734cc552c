#include "providers/local/supervisor.h"

#include <spdlog/spdlog.h>

namespace sluice::local {
namespace fs = std::filesystem;
namespace {

Error Unknown(const InstanceId& id) {
  return Error{ErrorCode::kNotFound, "instance " + id.ToString() + " was never prepared here"};
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, Scheduler& scheduler, FdWatcher& watcher,
                       Listener listener)
    : options_(std::move(options)),
      scheduler_(scheduler),
      watcher_(watcher),
      listener_(std::move(listener)) {}

Result<std::unique_ptr<Supervisor>> Supervisor::Open(SupervisorOptions options,
                                                     Scheduler& scheduler, FdWatcher& watcher,
                                                     Listener listener) {
  const fs::path root = options.data_dir / "local";
  std::error_code error;
  fs::create_directories(root, error);
  if (error) return Err(ErrorCode::kIo, "cannot create {}: {}", root.string(), error.message());
  Result<UniqueFd> lock = LockFile(root / "provider.lock");
  if (!lock && lock.error().code == ErrorCode::kUnavailable) {
    return Err(ErrorCode::kUnavailable, "another local provider uses {}", root.string());
  }
  if (!lock) return tl::unexpected(lock.error());
  std::unique_ptr<Supervisor> supervisor(
      new Supervisor(std::move(options), scheduler, watcher, std::move(listener)));
  supervisor->lock_ = std::move(*lock);
  supervisor->Recover();
  return supervisor;
}

void Supervisor::Recover() {
  std::error_code error;
  for (const auto& space : fs::directory_iterator(options_.data_dir / "local", error)) {
    if (!space.is_directory(error)) continue;
    for (const auto& entry : fs::directory_iterator(space.path(), error)) {
      Result<std::optional<Intent>> intent = ReadIntent(entry.path());
      if (!intent) {
        spdlog::error("left alone: {}", intent.error().message);
      } else if (intent->has_value()) {
        const InstanceId id{space.path().filename().string(), entry.path().filename().string()};
        Add(id, std::move(**intent)).Recover();
      }
    }
  }
}

SupervisedProcess* Supervisor::Find(const InstanceId& id) const {
  const auto found = processes_.find(id);
  return found == processes_.end() || found->second->removed() ? nullptr : found->second.get();
}

SupervisedProcess& Supervisor::Add(const InstanceId& id, Intent intent) {
  std::unique_ptr<SupervisedProcess>& process = processes_[id];
  process = std::make_unique<SupervisedProcess>(id, std::move(intent), options_, scheduler_,
                                                watcher_, [this](const ProcessStatus& status) {
                                                  if (listener_) listener_(status);
                                                });
  return *process;
}

Result<void> Supervisor::Prepare(const InstanceId& id, const ProcessSpec& spec) {
  if (SupervisedProcess* process = Find(id)) return process->Prepare(spec);
  const fs::path dir = InstanceDirectory(options_.data_dir, id);
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return Err(ErrorCode::kIo, "cannot create {}: {}", dir.string(), error.message());
  Result<void> prepared = Add(id, Intent{}).Prepare(spec);
  if (!prepared) {
    processes_.erase(id);
    fs::remove_all(dir, error);
  }
  return prepared;
}

Result<void> Supervisor::EndTold(const InstanceId& id, uint64_t run) {
  if (SupervisedProcess* process = Find(id)) return process->EndTold(run);
  return tl::unexpected(Unknown(id));
}

Result<void> Supervisor::Start(const InstanceId& id) {
  if (SupervisedProcess* process = Find(id)) return process->Start();
  return tl::unexpected(Unknown(id));
}

Result<void> Supervisor::Restart(const InstanceId& id, const std::string& token) {
  if (SupervisedProcess* process = Find(id)) return process->Restart(token);
  return tl::unexpected(Unknown(id));
}

Result<void> Supervisor::Stop(const InstanceId& id) {
  if (SupervisedProcess* process = Find(id)) return process->Stop();
  return tl::unexpected(Unknown(id));
}

Result<void> Supervisor::Remove(const InstanceId& id) {
  if (SupervisedProcess* process = Find(id)) return process->Remove();
  processes_.erase(id);
  if (listener_) {
    ProcessStatus gone;
    gone.id = id;
    gone.state = ProcessState::kRemoved;
    listener_(gone);
  }
  return {};
}

std::optional<ProcessStatus> Supervisor::Get(const InstanceId& id) const {
  const SupervisedProcess* process = Find(id);
  return process == nullptr ? std::nullopt : std::optional(process->status());
}

std::vector<ProcessStatus> Supervisor::List() const {
  std::vector<ProcessStatus> all;
  for (const auto& [id, process] : processes_) {
    if (!process->removed()) all.push_back(process->status());
  }
  return all;
}

}  // namespace sluice::local
