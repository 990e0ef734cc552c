#include "engine/timer_queue.h"

namespace sluice {
namespace {

// No entity's key holds a line's end.
std::string ArmedKey(const std::string& entity, const std::string& id) {
  return entity + '\n' + id;
}

}  // namespace

void TimerQueue::Set(const std::string& entity, const std::string& id, Time due) {
  std::string key = ArmedKey(entity, id);
  if (const auto armed = armed_.find(key); armed != armed_.end()) {
    if (armed->second->due == due) return;
    auto timer = ordered_.extract(armed->second);
    if (!due.IsSet()) {
      armed_.erase(armed);
    } else {
      timer.value().due = due;
      armed->second = ordered_.insert(std::move(timer)).position;
    }
    return;
  }
  if (due.IsSet()) armed_.emplace(std::move(key), ordered_.insert({due, entity, id}).first);
}

std::optional<DueTimer> TimerQueue::PopDue(Time now) {
  if (ordered_.empty() || ordered_.begin()->due > now) return std::nullopt;
  armed_.erase(ArmedKey(ordered_.begin()->entity, ordered_.begin()->id));
  return std::move(ordered_.extract(ordered_.begin()).value());
}

}  // namespace sluice
