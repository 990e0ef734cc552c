// RecordedPartition: one partition of a log that is forked, walked record by record, and what a
// fork makes of its commands.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replay/archive.h"
#include "replay/partition_fold.h"

namespace sluice::replay {

// Used by one thread; the archive outlives it.
class RecordedPartition {
 public:
  RecordedPartition(const Archive& archive, uint32_t partition)
      : archive_(archive), partition_(partition), fold_(archive.kinds(), partition) {}

  // The record at hand; null at the end.
  Result<const LogRecord*> Head();
  // Folds it, so that the next one is at hand.
  Result<void> Pass();

  uint64_t next() const { return next_; }
  // As it is before the record at hand.
  const PartitionFold& fold() const { return fold_; }

 private:
  const Archive& archive_;
  const uint32_t partition_;
  PartitionFold fold_;
  uint64_t next_ = 0;
  std::optional<LogRecord> head_;
  Bytes bytes_;
  bool ended_ = false;
};

// The partition whose record at hand comes next in time, what that answers being passed already;
// none: all are at their ends. kCorruption: follow-ups wait for each other.
Result<std::optional<uint32_t>> NextInTime(
    const std::vector<std::unique_ptr<RecordedPartition>>& partitions);

// `command` with another payload, JSON. kInvalid: it is none for this command.
Result<Command> EditedCommand(const Command& command, const std::string& payload,
                              const KindRegistry& kinds);
// A report about the thing with the uid `recorded` becomes one about `here`.
void ReplaceUid(const std::string& recorded, const std::string& here, Command* command);

}  // namespace sluice::replay
