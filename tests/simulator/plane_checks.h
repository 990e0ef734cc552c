// PlaneChecks: what the planes promise, checked over every entity as the durable logs have it.
//
// A cut through the logs is causal (what a decision answers is durable before it), so these hold at
// every step, not only at rest:
//   binding  a cutover or promotion takes what was ready by its own word; the former active one is
//            kept for cleanup; a key has one binding, an active instance one, too;
//   network  what a giver hands out does not overlap and lies inside its own; whoever believes to
//            have a prefix or an address has it; an address has one holder.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "machines/binding/binding.h"
#include "tests/simulator/cluster_view.h"
#include "tests/simulator/findings.h"
#include "tests/simulator/log_observer.h"

namespace sluice::simulator {

class PlaneChecks final : public FoldListener {
 public:
  PlaneChecks(const ClusterView& view, Findings& findings) : view_(view), findings_(findings) {}

  void BeforeFold(const ObservedEntity& entity) override;
  void AfterFold(const ObservedEntity& entity, const Decision& decision) override;

  // After every step: over all entities, if any of these planes changed.
  void Check();
  // At the end: bindings that were given a target have it, what was deleted is gone.
  void CheckLiveness(const std::string& revision);
  // Once all is deleted: no entity of these planes, no prefix and no item of theirs is left.
  void CheckNothingLeft();

 private:
  void CheckCutover(const Binding& binding, const Decision& decision);
  void CheckBindings();
  void CheckNetworks();
  void CheckGiver(const std::string& key, const std::vector<std::string>& blocks);
  void CheckHolder(const std::string& key, const std::string& claim, const std::string& prefix,
                   const std::string& giver);
  void CheckHolds(const std::string& key, const std::string& uid,
                  const std::vector<PrefixHold>& holds, const std::string& giver);
  void CheckAddresses();

  const ClusterView& view_;
  Findings& findings_;
  bool changed_ = false;
  std::optional<BoundInstance> candidate_before_;
  std::optional<BoundInstance> active_before_;
  std::set<std::string> once_ready_;  // uids of instances
};

}  // namespace sluice::simulator
