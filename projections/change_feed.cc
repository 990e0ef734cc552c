#include "projections/change_feed.h"

#include <algorithm>

namespace sluice {

struct ChangeFeed::Listener::Slot {
  std::recursive_mutex mutex;  // held while `wake` runs, so that it may destroy its listener
  bool ended = false;
  std::function<void()> wake;
};

ChangeFeed::ChangeFeed(uint32_t partitions, size_t bytes_max)
    : ring_bytes_max_(bytes_max / std::max<size_t>(partitions, 1)) {
  for (uint32_t i = 0; i < partitions; ++i) rings_.push_back(std::make_unique<Ring>());
}

void ChangeFeed::Publish(uint32_t partition, std::vector<Change> changes, uint64_t next_sequence) {
  Ring& ring = *rings_.at(partition);
  {
    const std::lock_guard lock(ring.mutex);
    CHECK(next_sequence >= ring.next);
    for (Change& change : changes) {
      CHECK(change.sequence >= ring.next && change.sequence < next_sequence);
      ring.bytes += change.ByteSize();
      ring.changes.push_back(std::make_shared<const Change>(std::move(change)));
    }
    ring.next = next_sequence;
    while (ring.bytes > ring_bytes_max_ && ring.changes.size() > 1) {
      ring.bytes -= ring.changes.front()->ByteSize();
      ring.oldest = ring.changes.front()->sequence + 1;
      ring.changes.pop_front();
    }
  }
  WakeListeners();
}

void ChangeFeed::Skip(uint32_t partition, uint64_t next_sequence) {
  Ring& ring = *rings_.at(partition);
  {
    const std::lock_guard lock(ring.mutex);
    ring.changes.clear();
    ring.bytes = 0;
    ring.oldest = next_sequence;
    ring.next = next_sequence;
  }
  WakeListeners();
}

Result<uint64_t> ChangeFeed::Read(uint32_t partition, uint64_t from, size_t max,
                                  std::vector<std::shared_ptr<const Change>>* changes) const {
  const Ring& ring = *rings_.at(partition);
  const std::lock_guard lock(ring.mutex);
  if (from < ring.oldest) {
    return Err(ErrorCode::kNotFound, "changes before {} are not kept any more",
               FormatPosition(partition, ring.oldest));
  }
  if (from >= ring.next) return from;
  auto at = std::lower_bound(
      ring.changes.begin(), ring.changes.end(), from,
      [](const auto& change, uint64_t sequence) { return change->sequence < sequence; });
  for (; at != ring.changes.end(); ++at, --max) {
    if (max == 0) return (*at)->sequence;
    changes->push_back(*at);
  }
  return ring.next;
}

Coverage ChangeFeed::Published() const {
  Coverage coverage;
  for (const auto& ring : rings_) {
    const std::lock_guard lock(ring->mutex);
    coverage.push_back(ring->next);
  }
  return coverage;
}

Coverage ChangeFeed::Oldest() const {
  Coverage coverage;
  for (const auto& ring : rings_) {
    const std::lock_guard lock(ring->mutex);
    coverage.push_back(ring->oldest);
  }
  return coverage;
}

ChangeFeed::Listener::Listener(ChangeFeed* feed, std::shared_ptr<Slot> slot)
    : feed_(feed), slot_(std::move(slot)) {}

ChangeFeed::Listener::~Listener() {
  {
    const std::lock_guard lock(slot_->mutex);
    slot_->ended = true;
  }
  const std::lock_guard lock(feed_->listeners_mutex_);
  std::erase(feed_->listeners_, slot_);
}

std::unique_ptr<ChangeFeed::Listener> ChangeFeed::Listen(std::function<void()> wake) {
  auto slot = std::make_shared<Listener::Slot>();
  slot->wake = std::move(wake);
  const std::lock_guard lock(listeners_mutex_);
  listeners_.push_back(slot);
  return std::unique_ptr<Listener>(new Listener(this, std::move(slot)));
}

void ChangeFeed::WakeListeners() {
  std::vector<std::shared_ptr<Listener::Slot>> listeners;
  {
    const std::lock_guard lock(listeners_mutex_);
    listeners = listeners_;
  }
  for (const auto& slot : listeners) {
    const std::lock_guard lock(slot->mutex);
    if (!slot->ended) slot->wake();
  }
}

}  // namespace sluice
