// What verify keeps beside the fold: which command ids were used, and which follow-ups were sent
// and decided. Each is used by the thread of its partition.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "events/envelope.gen.h"
#include "events/projections.gen.h"
#include "projections/partition_store.h"

namespace sluice::replay {

// Repeated ids are answered as the first was; nothing is decided twice within the window.
class CommandLedger {
 public:
  // From a log's beginning; or from what the store `base` remembers on.
  explicit CommandLedger(std::shared_ptr<PartitionStore> base = nullptr) : base_(std::move(base)) {}

  // What is wrong with the verdict of this decision; empty: nothing. Errors of reading the base.
  Result<std::string> Check(const Decision& decision, uint64_t sequence,
                            const PartitionState& state);

 private:
  struct Used {
    Hash128 fingerprint;
    uint64_t sequence = 0;
    Time time;
  };
  // Null: it is new.
  Result<const Used*> Find(const Hash128& key, const Command& command);

  struct HashOfHash {
    size_t operator()(const Hash128& hash) const { return static_cast<size_t>(hash.lo); }
  };
  const std::shared_ptr<PartitionStore> base_;
  std::unordered_map<Hash128, Used, HashOfHash> used_;  // by entity and id
};

// Follow-ups as their senders recorded them and as they were decided.
class FollowUpLedger {
 public:
  struct Entry {
    uint64_t command = 0;  // hash of it
    uint64_t sender = 0;   // sequence of the decision that sent it
    uint64_t decider = 0;  // of the decision on it; in `decided` only
  };
  // Dense from `first` on: the fold has checked that.
  struct Line {
    uint64_t first = 0;
    std::vector<Entry> entries;
  };
  // By (epoch, partition at the other side).
  using Lines = std::map<std::pair<Hash128, uint32_t>, Line>;

  void Add(const LogRecord& record);

  const Lines& sent() const { return sent_; }
  const Lines& decided() const { return decided_; }

 private:
  Lines sent_;
  Lines decided_;
};

}  // namespace sluice::replay
