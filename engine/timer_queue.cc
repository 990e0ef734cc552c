#include "engine/timer_queue.h"

namespace sluice {

void TimerQueue::Set(const std::string& entity, const std::string& id, Time due) {
  const std::pair<std::string, std::string> key(entity, id);
  if (const auto armed = armed_.find(key); armed != armed_.end()) {
    ordered_.erase({armed->second, entity, id});
    armed_.erase(armed);
  }
  if (!due.IsSet()) return;
  armed_.emplace(key, due);
  ordered_.insert({due, entity, id});
}

std::optional<DueTimer> TimerQueue::PopDue(Time now) {
  if (ordered_.empty() || ordered_.begin()->due > now) return std::nullopt;
  DueTimer first = *ordered_.begin();
  ordered_.erase(ordered_.begin());
  armed_.erase({first.entity, first.id});
  return first;
}

}  // namespace sluice
