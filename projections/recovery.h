// Recovery: brings a partition's store up to its log.
//
// Folds the log from the applied position on, a window of it at a time and within one entity by
// entity, and writes what comes out in sorted files. A store that does not chain to the log is
// emptied first and derived from its beginning.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "projections/partition_store.h"

namespace sluice {

// Visits committed records from `from` to the end, in order, until the visitor returns false:
// Journal::ReadEvents with its partition bound.
using EventVisitor = std::function<bool(uint64_t sequence, std::string_view record)>;
using ReadEvents = std::function<Result<void>(uint64_t from, const EventVisitor& visit)>;

struct RecoveryProgress {
  uint64_t applied = 0;  // next sequence of the store, those folded and not yet written included
  uint64_t end = 0;      // of the log, as given
};

// What replays may hold in memory that go on side by side, all together. The longer a batch, the
// more of an entity's decisions are in it, and the less often is the entity read and written.
inline constexpr size_t kReplayBytesMax = size_t{512} << 20;

struct RecoveryOptions {
  ReadEvents read;
  uint64_t end_sequence = 0;  // one past the last record; only for progress and `feed_last`
  std::function<void(const RecoveryProgress&)> on_progress = nullptr;
  // Decisions that `awaits` is true of, or all where it is null, in order, before they are in the
  // store. It is asked with a record that may have nothing of its command but the entity and the
  // source, unless that is `Answered`.
  std::function<void(const LogRecord&)> on_decision = nullptr;
  std::function<bool(const LogRecord& head)> awaits = nullptr;
  // A batch ends at the first of these.
  size_t batch_decisions = 2'000'000;
  size_t batch_bytes = kReplayBytesMax;  // held in memory meanwhile
  // Batches of at least so many decisions are written as sorted files.
  size_t sorted_files_from = 20'000;
  // Watches can go on from within the last so many decisions replayed.
  uint64_t feed_last = 10'000;
};

struct RecoveryReport {
  bool rebuilt = false;   // the store did not chain to the log
  uint64_t replayed = 0;  // records
};

// On the partition's thread, before anything else uses the store. kCorruption, kUnknownType: the
// log cannot be folded, the message names the record. Errors of reading and writing as they come.
Result<RecoveryReport> Recover(PartitionStore& store, const RecoveryOptions& options);

}  // namespace sluice
