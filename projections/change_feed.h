// ChangeFeed: the last changes of every partition of a node, for watches.
//
// A bounded ring per partition. A reader keeps its own cursor, the next sequence it has not seen;
// one older than what is kept is told so and lists again. Threadsafe: a partition's thread
// publishes, any thread reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "projections/change.h"
#include "projections/resource_version.h"

namespace sluice {

class ChangeFeed {
 public:
  // `bytes_max` over all partitions. A partition keeps at least its last change.
  ChangeFeed(uint32_t partitions, size_t bytes_max);

  uint32_t partitions() const { return static_cast<uint32_t>(rings_.size()); }

  // The changes of a batch, ascending; `next_sequence` is one past its last decision.
  void Publish(uint32_t partition, std::vector<Change> changes, uint64_t next_sequence);
  // What lies before `next_sequence` is not known: a store was opened or replayed.
  void Skip(uint32_t partition, uint64_t next_sequence);

  // Changes from sequence `from` on, at most `max`, appended to `changes`; returns the cursor to go
  // on from. kNotFound: some were dropped already. A `from` past the end gives nothing and itself.
  Result<uint64_t> Read(uint32_t partition, uint64_t from, size_t max,
                        std::vector<std::shared_ptr<const Change>>* changes) const;

  // One past the last decision published, of every partition.
  Coverage Published() const;
  // The oldest coverage a reader can go on from.
  Coverage Oldest() const;

  // Is called while it lives whenever something was published, from the publisher's thread; must be
  // quick. Once its destructor has returned `wake` is not running, unless `wake` destroys it.
  class Listener {
   public:
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

   private:
    friend class ChangeFeed;
    struct Slot;
    Listener(ChangeFeed* feed, std::shared_ptr<Slot> slot);
    ChangeFeed* const feed_;
    const std::shared_ptr<Slot> slot_;
  };
  // The feed must outlive it.
  std::unique_ptr<Listener> Listen(std::function<void()> wake);

 private:
  struct Ring {
    mutable std::mutex mutex;
    std::deque<std::shared_ptr<const Change>> changes;  // ascending by sequence
    size_t bytes = 0;
    uint64_t oldest = 0;  // a reader may go on from here
    uint64_t next = 0;
  };

  void WakeListeners();

  const size_t ring_bytes_max_;
  std::vector<std::unique_ptr<Ring>> rings_;
  std::mutex listeners_mutex_;
  std::vector<std::shared_ptr<Listener::Slot>> listeners_;
};

}  // namespace sluice
