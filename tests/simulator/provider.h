// SimulatedProvider: hosts that carry out pending actions and report, badly.
//
// It learns of actions from nodes' stores alone, which may be behind. What it did is reported by
// commands that come late, twice, out of order or not at all, under an old lease or about an old
// generation. A report that is lost leaves the action pending, so it is seen again.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/simulator/cluster_view.h"
#include "tests/simulator/fleet.h"
#include "tests/simulator/workload.h"

namespace sluice::simulator {

class SimulatedProvider {
 public:
  SimulatedProvider(Random& random, Fleet& fleet, const ClusterView& view, Findings& findings)
      : random_(random), fleet_(fleet), view_(view), findings_(findings) {}

  // Looks into one store and carries out one thing that is pending there; or something happens to
  // what runs. For the trace; empty: nothing.
  std::string Act();
  // A report that is due, if there is one. It may be handed out again.
  std::optional<Command> NextReport();
  // Everything that is pending in the logs is done and well, and what runs is ready: the commands
  // that say so. None: there is nothing left to do.
  std::vector<Command> ActOnAll();

  uint64_t actions() const { return actions_; }

 private:
  void CheckPending(const PendingAction& action, uint32_t node, uint32_t partition);
  void CarryOut(const PendingAction& action);
  void CarryOutOnInstance(const PendingAction& action);
  // What happens to a process unasked.
  std::string Trouble();
  void AskForLease();
  template <class Report>
  Report Say(const PendingAction& action, ConditionStatus status, std::string reason);
  uint64_t LeaseTerm(const std::string& location);
  void Queue(const std::string& entity, AnyTable payload);

  Random& random_;
  Fleet& fleet_;
  const ClusterView& view_;
  Findings& findings_;
  bool healthy_ = false;
  std::map<std::string, int32_t> pids_;  // by uid: never two of one; 0: nothing runs
  std::deque<Command> reports_;
  int32_t next_pid_ = 100;
  uint64_t next_report_ = 1;
  uint64_t actions_ = 0;
};

}  // namespace sluice::simulator
