#include "machines/common/entity.h"

#include <algorithm>

#include "events/logical.h"

namespace sluice {

Hash128 EntityState::Hash() const { return LogicalHash(root_type(), root()) + items.hash_sum(); }

Time ArmedTimer(const Relations& relations, std::string_view id) {
  for (const Timer& timer : relations.timers) {
    if (timer.id == id) return timer.due;
  }
  return Time{};
}

void ApplyTimerChange(Relations& relations, const TimerChange& change) {
  auto& timers = relations.timers;
  const auto at =
      std::lower_bound(timers.begin(), timers.end(), change.id,
                       [](const Timer& timer, const std::string& id) { return timer.id < id; });
  const bool found = at != timers.end() && at->id == change.id;
  if (!change.due.IsSet()) {
    if (found) timers.erase(at);
  } else if (found) {
    at->due = change.due;
  } else {
    timers.insert(at, Timer{.id = change.id, .due = change.due});
  }
}

std::string OwnerKey(const OwnerReference& owner) {
  return owner.kind + "/" + owner.namespace_ + "/" + owner.name;
}

}  // namespace sluice
