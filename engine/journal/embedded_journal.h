// The journal in a directory of this host: one RocksDB, one column family per partition.
// docs/formats/journal.md says what is stored and why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/clock.h"
#include "engine/journal/journal.h"

namespace rocksdb {
class Env;
}

namespace sluice {

struct EmbeddedOptions {
  std::string path;
  // Partitions of a new journal. 0 = as stored; any other number must be the stored one.
  uint32_t partitions = 0;
  const Clock* clock = nullptr;  // Outlives the journal.

  // Bounds of a partition's queue of users' commands; Append fails beyond either.
  size_t command_records_max = 16384;
  size_t command_bytes_max = size_t{64} << 20;
  // Internal records of a partition kept in memory; further ones are read back from the store.
  size_t internal_records_max = 4096;
  size_t internal_bytes_max = size_t{16} << 20;

  // Called once, from the journal's thread, when a write or an fsync failed, before the callers are
  // told. The node ends the process here with exit code 3: after a failed fsync nobody knows what
  // the disk holds. Must not throw.
  std::function<void(const Error&)> on_fatal;

  // Draws the epoch of a new journal; empty = from the operating system's randomness.
  std::function<Hash128()> draw_epoch;

  // Where files are, for fault injection; null = the host's file system. Outlives the journal.
  rocksdb::Env* env = nullptr;
};

class EmbeddedJournal final : public Journal {
 public:
  // Opens the journal at `options.path`, or makes it when there is none and partitions > 0.
  // kNotFound: there is none and partitions is 0. kInvalid: another number of partitions than
  // stored (the message names both), or a format newer than ours. kUnavailable: a process holds the
  // directory. kCorruption, kIo: from the store.
  static Result<std::unique_ptr<EmbeddedJournal>> Open(EmbeddedOptions options);

  // Commits what was handed in. Every PartitionJournal must be gone.
  ~EmbeddedJournal() override;

  uint32_t partition_count() const override;
  Hash128 epoch() const override;
  Result<std::unique_ptr<PartitionJournal>> OpenPartition(uint32_t partition) override;
  Result<void> Append(uint32_t partition, InputRecord record) override;
  Result<void> ReadEvents(uint32_t partition, uint64_t from,
                          const RecordVisitor& visitor) const override;
  Result<void> ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                           const RecordVisitor& visitor) const override;
  Result<uint64_t> EndSequence(uint32_t partition) const override;
  Result<void> ReadDeadLetters(uint32_t partition, uint64_t from,
                               const DeadLetterVisitor& visitor) const override;
  Result<void> RemoveDeadLetter(uint32_t partition, uint64_t number) override;

 private:
  struct Core;
  explicit EmbeddedJournal(std::unique_ptr<Core> core);

  std::unique_ptr<Core> core_;
};

}  // namespace sluice
