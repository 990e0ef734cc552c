// Pools: how many members to remove, update and create now. Pure functions over counts; who calls
// picks the members, in the order of their names here, and asks again after every change.
//
// Invariants: what is planned never leaves fewer than wanted - max_unavailable ready, as far as the
// plan has it in hand, and never brings more than wanted + max_surge into being.
#pragma once

#include <cstdint>

namespace sluice::pool {

struct PoolCounts {
  uint32_t wanted = 0;
  uint32_t max_unavailable = 1;
  uint32_t max_surge = 0;

  // Members, each in exactly one of these.
  uint32_t evicted = 0;   // named by Evict, and not yet asked to go
  uint32_t terminal = 0;  // Failed, Stopped or Expired
  uint32_t stale = 0;     // not ready, on another template
  uint32_t waiting = 0;   // not ready, on this template
  uint32_t outdated = 0;  // ready, on another template
  uint32_t steady = 0;    // ready, on this template
  uint32_t leaving = 0;   // asked to go, and still there
  // One failed, or an update was refused, a short while ago: creates and updates have to wait.
  bool backs_off = false;

  bool operator==(const PoolCounts&) const = default;
};

// Removals, then updates, then creates.
struct PoolPlan {
  uint32_t remove_evicted = 0;
  uint32_t remove_terminal = 0;
  uint32_t remove_stale = 0;
  uint32_t remove_waiting = 0;
  uint32_t remove_outdated = 0;
  uint32_t remove_steady = 0;
  uint32_t update_stale = 0;
  uint32_t update_outdated = 0;
  uint32_t create = 0;

  // What it waits for: removals of ready ones, updates and creates that come later.
  uint32_t later_remove = 0;
  uint32_t later_update = 0;
  uint32_t later_create = 0;

  bool operator==(const PoolPlan&) const = default;
};

PoolPlan Plan(const PoolCounts& counts);

// Condition Healthy of a group: `Healthy` when all are, or there are none; `Errored` or `Unknown`
// when all are; else `Degraded`.
const char* GroupHealth(uint32_t members, uint32_t healthy, uint32_t errored, uint32_t unknown);

}  // namespace sluice::pool
