#include "projections/counts.h"

#include "events/result.h"

namespace sluice {

void Counts::Set(Key key, uint64_t count) {
  const std::lock_guard lock(mutex_);
  counts_[std::move(key)] = count;
}

std::map<Counts::Key, uint64_t> Counts::Add(const std::map<Key, int64_t>& changes) {
  const std::lock_guard lock(mutex_);
  std::map<Key, uint64_t> changed;
  for (const auto& [key, change] : changes) {
    if (change == 0) continue;
    uint64_t& count = counts_[key];
    CHECK(change > 0 || count >= static_cast<uint64_t>(-change));
    count += static_cast<uint64_t>(change);
    changed[key] = count;
  }
  return changed;
}

std::map<Counts::Key, uint64_t> Counts::All() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Counts::Clear() {
  const std::lock_guard lock(mutex_);
  counts_.clear();
}

}  // namespace sluice
