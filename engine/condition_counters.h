// What components write, counted from committed decisions (status plane, *Measures*).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "events/envelope.gen.h"

namespace sluice {

// A plain value; whoever shares it locks.
struct ConditionCounters {
  // One condition as the last write left it.
  struct Shown {
    std::string status;
    std::string reason;
    Time last_transition;
  };

  // By (entity key, condition type). What nobody wrote since the process began is not there.
  std::map<std::pair<std::string, std::string>, Shown> conditions;
  uint64_t status_writes = 0;
  // Passes that decided nothing new, and writes that found everything stored.
  uint64_t status_writes_avoided = 0;
  std::map<std::string, uint64_t> resource_applies;  // by operation
  uint64_t resource_apply_errors = 0;
  // What kinds have counted (machines/counted_events.h), by (metric, value of its label).
  std::map<std::pair<std::string, std::string>, uint64_t> events;

  void Count(const Decision& decision);
};

}  // namespace sluice
