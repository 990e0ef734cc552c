// The RocksDB behind the embedded journal: keys to bytes and back, reads and durable writes. Knows
// nothing of terms, queues or threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/journal/embedded_journal.h"
#include "engine/journal/record_codec.h"

namespace sluice::journal {

class LogStore;

// Records one after the other become one value up to this size: whoever reads one of them later
// reads its whole value.
inline constexpr size_t kValueBytesMax = size_t{16} << 10;

// Writes to be made at once. Not threadsafe. Must not outlive its store.
class StoreBatch {
 public:
  explicit StoreBatch(const LogStore& store);
  ~StoreBatch();
  StoreBatch(const StoreBatch&) = delete;
  StoreBatch& operator=(const StoreBatch&) = delete;

  // As values of at most kValueBytesMax; a larger record has its own.
  void AddRecords(uint32_t partition, uint64_t first_sequence, const std::vector<Bytes>& records);
  void AddInternal(uint32_t partition, uint64_t offset, Time timestamp, std::string_view payload);
  // Offsets [from, to), each of them added once and not removed before.
  void RemoveInternal(uint32_t partition, uint64_t from, uint64_t to);
  void AddDeadLetter(uint32_t partition, const DeadLetter& letter);
  void RemoveDeadLetter(uint32_t partition, uint64_t number);
  void SetCounters(uint32_t partition, const Counters& counters);

  bool empty() const;

 private:
  friend class LogStore;
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

enum class Sync : uint8_t {
  kNo = 0,   // survives the process; a crash of the host may take the last writes, in order
  kYes = 1,  // on disk
};

// Threadsafe. A read sees what was durable when it began.
class LogStore {
 public:
  // As EmbeddedJournal::Open.
  static Result<std::unique_ptr<LogStore>> Open(const EmbeddedOptions& options);
  ~LogStore();

  const Meta& meta() const;

  // Atomic, and durable as `sync` says when it succeeds. Nothing may be written after an error.
  Result<void> Write(StoreBatch& batch, Sync sync = Sync::kYes);

  // Sequence after the last record stored.
  Result<uint64_t> ReadEndSequence(uint32_t partition) const;
  Result<Counters> ReadCounters(uint32_t partition) const;
  // Offset of the first internal record stored.
  Result<std::optional<uint64_t>> FirstInternal(uint32_t partition) const;

  Result<void> ReadEvents(uint32_t partition, uint64_t from, const RecordVisitor& visitor) const;
  // As Journal::ReadRecords.
  Result<void> ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                           const RecordVisitor& visitor) const;
  // Appends records of [from, end) within the limits; kCorruption if one is not there.
  Result<size_t> ReadInternal(uint32_t partition, uint64_t from, uint64_t end,
                              const PollLimits& limits, std::vector<InputRecord>* records) const;
  Result<void> ReadDeadLetters(uint32_t partition, uint64_t from,
                               const DeadLetterVisitor& visitor) const;
  Result<bool> HasDeadLetter(uint32_t partition, uint64_t number) const;

 private:
  friend class StoreBatch;
  struct Rep;
  explicit LogStore(std::unique_ptr<Rep> rep);

  std::unique_ptr<Rep> rep_;
};

}  // namespace sluice::journal
