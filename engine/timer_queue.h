// The armed timers of a partition, in the order they are decided: (due, entity, id).
//
// Mirrors the timers in the entities' states. Used by the partition's thread.
#pragma once

#include <compare>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "events/basic_types.h"

namespace sluice {

struct DueTimer {
  Time due;
  std::string entity;
  std::string id;
  auto operator<=>(const DueTimer&) const = default;
};

class TimerQueue {
 public:
  // Arms, moves or (due unset) disarms.
  void Set(const std::string& entity, const std::string& id, Time due);
  // Takes the first that is due at `now`; it is in the queue no more.
  std::optional<DueTimer> PopDue(Time now);
  // When the next one is due; unset if there is none.
  Time NextDue() const { return ordered_.empty() ? Time{} : ordered_.begin()->due; }
  // Null: there is none.
  const DueTimer* Next() const { return ordered_.empty() ? nullptr : &*ordered_.begin(); }
  size_t size() const { return ordered_.size(); }

 private:
  using Ordered = std::set<DueTimer>;

  Ordered ordered_;
  std::unordered_map<std::string, Ordered::iterator> armed_;  // By entity and id.
};

}  // namespace sluice
