#pragma once

#include <map>
#include <memory>

#include "providers/local/supervised_process.h"

namespace sluice::local {

// The ProcessHost that runs real processes on this host, under `DATA/local/NAMESPACE/NAME`. Knows
// nothing of locations, leases or the engine. Single-threaded.
//
// Destroying it, or killing it at any step, leaves the processes running; the next Supervisor on
// the directory finds them again. Only one at a time can be open on a directory.
class Supervisor : public ProcessHost {
 public:
  // Locks the directory and takes over what runs there. kUnavailable when another provider has it;
  // an instance whose record cannot be read is reported in the log and left alone.
  static Result<std::unique_ptr<Supervisor>> Open(SupervisorOptions options, Scheduler& scheduler,
                                                  FdWatcher& watcher, Listener listener = {});

  void SetListener(Listener listener) override { listener_ = std::move(listener); }
  Result<void> Prepare(const InstanceId& id, const ProcessSpec& spec) override;
  Result<void> Start(const InstanceId& id) override;
  Result<void> Restart(const InstanceId& id, const std::string& token) override;
  Result<void> Stop(const InstanceId& id) override;
  Result<void> Remove(const InstanceId& id) override;
  Result<void> EndTold(const InstanceId& id, uint64_t run) override;
  std::optional<ProcessStatus> Get(const InstanceId& id) const override;
  std::vector<ProcessStatus> List() const override;

 private:
  Supervisor(SupervisorOptions options, Scheduler& scheduler, FdWatcher& watcher,
             Listener listener);

  void Recover();
  SupervisedProcess* Find(const InstanceId& id) const;
  SupervisedProcess& Add(const InstanceId& id, Intent intent);

  const SupervisorOptions options_;
  Scheduler& scheduler_;
  FdWatcher& watcher_;
  Listener listener_;
  UniqueFd lock_;
  std::map<InstanceId, std::unique_ptr<SupervisedProcess>> processes_;
};

}  // namespace sluice::local
