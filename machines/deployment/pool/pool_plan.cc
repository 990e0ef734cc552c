#include "machines/deployment/pool/pool_plan.h"

#include <algorithm>

namespace sluice::pool {
namespace {

// Takes as many as there are, at most `wish`, which shrinks by them.
uint32_t Take(uint32_t there, uint32_t& wish) {
  const uint32_t taken = std::min(there, wish);
  wish -= taken;
  return taken;
}

uint32_t Above(uint32_t value, uint32_t floor) { return value > floor ? value - floor : 0; }

}  // namespace

PoolPlan Plan(const PoolCounts& counts) {
  PoolPlan plan;
  plan.remove_evicted = counts.evicted;
  plan.remove_terminal = counts.terminal;

  // While some are behind, up to max_surge more stand in for them. Once there are enough without
  // those that are behind, these go: updated, each would be one too many.
  const uint32_t behind = counts.stale + counts.outdated;
  const uint32_t fresh = counts.waiting + counts.steady;
  const bool replaced = fresh >= counts.wanted;
  const uint32_t target = counts.wanted + (replaced ? 0 : std::min(counts.max_surge, behind));
  const uint32_t alive = behind + fresh;
  const uint32_t needed = Above(counts.wanted, counts.max_unavailable);
  uint32_t surplus = Above(alive, target);
  plan.remove_stale = Take(counts.stale, surplus);
  if (replaced) {
    // A ready one goes only where enough others are up.
    const uint32_t leave = Take(counts.outdated, surplus);
    plan.remove_outdated = std::min(leave, Above(counts.outdated + counts.steady, needed));
    plan.later_remove = leave - plan.remove_outdated;
  }
  plan.remove_waiting = Take(counts.waiting, surplus);
  if (!replaced) plan.remove_outdated = Take(counts.outdated, surplus);
  plan.remove_steady = Take(counts.steady, surplus);

  // Those not ready are down as it is; a ready one goes down only where enough others are up.
  const uint32_t outdated = counts.outdated - plan.remove_outdated - plan.later_remove;
  const uint32_t ready = outdated + counts.steady - plan.remove_steady;
  const uint32_t stale = counts.stale - plan.remove_stale;
  if (!counts.backs_off) {
    plan.update_stale = stale;
    plan.update_outdated = std::min(outdated, Above(ready, needed));
  }
  plan.later_update = stale - plan.update_stale + outdated - plan.update_outdated;

  // One that leaves still counts until it has left.
  const uint32_t missing = Above(target, alive);
  const uint32_t there = alive + counts.leaving + counts.evicted + counts.terminal;
  const uint32_t room = Above(counts.wanted + counts.max_surge, there);
  plan.create = counts.backs_off ? 0 : std::min(missing, room);
  plan.later_create = missing - plan.create;
  return plan;
}

const char* GroupHealth(uint32_t members, uint32_t healthy, uint32_t errored, uint32_t unknown) {
  if (healthy == members) return "Healthy";
  if (errored == members) return "Errored";
  if (unknown == members) return "Unknown";
  return "Degraded";
}

}  // namespace sluice::pool
