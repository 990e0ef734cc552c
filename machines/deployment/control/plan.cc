#include "machines/deployment/control/plan.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace sluice::control {
namespace {

struct Groups {
  std::vector<Action> rising;   // creates, waits, updates of the not ready
  std::vector<Action> updates;  // of the ready; ascending here
  std::vector<Action> deletes;  // of terminal ones; ascending here
  size_t deletes_below = 0;     // how many of them are below the first that rises
};

void PlanPresent(const DeploymentView& deployment, const InstanceView& instance, bool backs_off,
                 Groups& groups) {
  const bool current = instance.template_hash == deployment.template_hash;
  if (instance.deleting) {
    groups.rising.push_back({Verb::kWait, instance.name});
  } else if (instance.terminal) {
    groups.deletes.push_back({Verb::kDelete, instance.name});
  } else if (!current && backs_off) {
    groups.rising.push_back({Verb::kWait, instance.name});
  } else if (!current) {
    (instance.ready ? groups.updates : groups.rising).push_back({Verb::kUpdate, instance.name});
  } else if (!instance.ready) {
    groups.rising.push_back({Verb::kWait, instance.name});
  }
}

// Of OrderedReady: one that failed is replaced before any above it is created or waited for.
void MoveFirstFailed(Groups& groups, std::vector<Action>& plan) {
  if (groups.rising.empty() || groups.deletes_below == 0) return;
  const auto first = groups.deletes.begin() + static_cast<ptrdiff_t>(groups.deletes_below) - 1;
  plan.push_back(*first);
  groups.deletes.erase(first);
}

void AppendReversed(std::vector<Action>& plan, std::vector<Action>& actions) {
  plan.insert(plan.end(), actions.rbegin(), actions.rend());
}

}  // namespace

std::vector<Action> Plan(const DeploymentView& deployment,
                         const std::vector<InstanceView>& instances) {
  std::map<uint64_t, const InstanceView*> wanted;
  std::map<uint64_t, const InstanceView*> surplus;
  std::vector<Action> nameless;
  for (const InstanceView& instance : instances) {
    if (!instance.ordinal) {
      if (!instance.deleting) nameless.push_back({Verb::kDelete, instance.name});
    } else {
      (*instance.ordinal < deployment.replicas ? wanted : surplus)[*instance.ordinal] = &instance;
    }
  }
  Groups groups;
  for (uint64_t ordinal = 0; ordinal < deployment.replicas; ++ordinal) {
    const bool backs_off =
        std::binary_search(deployment.backing_off.begin(), deployment.backing_off.end(), ordinal);
    if (groups.rising.empty()) groups.deletes_below = groups.deletes.size();
    const auto present = wanted.find(ordinal);
    if (present != wanted.end()) {
      PlanPresent(deployment, *present->second, backs_off, groups);
    } else {
      groups.rising.push_back({backs_off ? Verb::kWait : Verb::kCreate,
                               deployment.name + "-" + std::to_string(ordinal)});
    }
  }
  const bool ordered = deployment.policy == Policy::kOrderedReady;
  std::vector<Action> plan;
  if (ordered) MoveFirstFailed(groups, plan);
  plan.insert(plan.end(), groups.rising.begin(), groups.rising.end());
  AppendReversed(plan, groups.updates);
  const bool idle = plan.empty();
  if (ordered) {
    for (size_t i = 1; i < plan.size(); ++i) plan[i].skipped = true;
    for (Action& action : groups.deletes) action.skipped = true;
    // The last is the first to be carried out.
    if (idle && !groups.deletes.empty()) groups.deletes.back().skipped = false;
  }
  // What nobody wants is never held back, and holds nothing back.
  for (const Action& action : nameless) plan.push_back(action);
  for (auto at = surplus.rbegin(); at != surplus.rend(); ++at) {
    if (!at->second->deleting) plan.push_back({Verb::kDelete, at->second->name});
  }
  AppendReversed(plan, groups.deletes);
  return plan;
}

std::optional<uint64_t> OrdinalOf(std::string_view deployment, std::string_view instance) {
  if (!instance.starts_with(deployment)) return std::nullopt;
  instance.remove_prefix(deployment.size());
  if (instance.size() < 2 || instance.front() != '-') return std::nullopt;
  instance.remove_prefix(1);
  if (instance.size() > 1 && instance.front() == '0') return std::nullopt;
  uint64_t ordinal = 0;
  const char* end = instance.data() + instance.size();
  const auto parsed = std::from_chars(instance.data(), end, ordinal);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return ordinal;
}

}  // namespace sluice::control
