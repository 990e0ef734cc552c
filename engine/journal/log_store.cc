#include "engine/journal/log_store.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <string>
#include <utility>

#include "engine/journal/family_cursor.h"
#include "engine/journal/rocksdb_open.h"

namespace sluice::journal {
namespace {

constexpr size_t kReadAheadBytes = size_t{1} << 20;

void CheckWritten(const rocksdb::Status& status) { CHECK(status.ok()); }

tl::unexpected<Error> Unreadable(uint32_t partition, uint64_t sequence) {
  return Err(ErrorCode::kCorruption, "partition {}: record {} is unreadable", partition, sequence);
}

}  // namespace

struct LogStore::Rep {
  std::unique_ptr<OpenedRocksDb> opened;

  FamilyCursor Cursor(uint32_t partition, KeyFamily family, size_t read_ahead_bytes) const {
    return {opened->db, opened->partitions.at(partition), family, read_ahead_bytes};
  }
};

struct StoreBatch::Rep {
  rocksdb::WriteBatch writes;
  const std::vector<rocksdb::ColumnFamilyHandle*>* partitions = nullptr;
};

StoreBatch::StoreBatch(const LogStore& store) : rep_(std::make_unique<Rep>()) {
  rep_->partitions = &store.rep_->opened->partitions;
}
StoreBatch::~StoreBatch() = default;

void StoreBatch::AddRecords(uint32_t partition, uint64_t first_sequence,
                            const std::vector<Bytes>& records) {
  const std::span<const Bytes> all(records);
  for (size_t from = 0; from < all.size();) {
    size_t to = from + 1;
    for (size_t bytes = all[from].size();
         to < all.size() && (bytes += all[to].size()) <= kValueBytesMax;) {
      ++to;
    }
    CheckWritten(rep_->writes.Put(rep_->partitions->at(partition),
                                  MakeKey(KeyFamily::kEvents, first_sequence + from),
                                  EncodeRecords(all.subspan(from, to - from))));
    from = to;
  }
}

void StoreBatch::AddInternal(uint32_t partition, uint64_t offset, Time timestamp,
                             std::string_view payload) {
  CheckWritten(rep_->writes.Put(rep_->partitions->at(partition),
                                MakeKey(KeyFamily::kInternal, offset),
                                EncodeInternal(timestamp, payload)));
}

void StoreBatch::RemoveInternal(uint32_t partition, uint64_t from, uint64_t to) {
  // Each was put exactly once, so put and removal may annihilate each other before the bottom.
  for (uint64_t offset = from; offset < to; ++offset) {
    CheckWritten(rep_->writes.SingleDelete(rep_->partitions->at(partition),
                                           MakeKey(KeyFamily::kInternal, offset)));
  }
}

void StoreBatch::AddDeadLetter(uint32_t partition, const DeadLetter& letter) {
  CheckWritten(rep_->writes.Put(rep_->partitions->at(partition),
                                MakeKey(KeyFamily::kUndecoded, letter.number),
                                EncodeDeadLetter(letter)));
}

void StoreBatch::RemoveDeadLetter(uint32_t partition, uint64_t number) {
  CheckWritten(
      rep_->writes.Delete(rep_->partitions->at(partition), MakeKey(KeyFamily::kUndecoded, number)));
}

void StoreBatch::SetCounters(uint32_t partition, const Counters& counters) {
  CheckWritten(rep_->writes.Put(rep_->partitions->at(partition), FamilyBegin(KeyFamily::kCounters),
                                EncodeCounters(counters)));
}

bool StoreBatch::empty() const { return rep_->writes.Count() == 0; }

LogStore::LogStore(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
LogStore::~LogStore() = default;

Result<std::unique_ptr<LogStore>> LogStore::Open(const EmbeddedOptions& options) {
  auto opened = OpenRocksDb(options);
  if (!opened) return tl::unexpected(opened.error());
  auto rep = std::make_unique<Rep>();
  rep->opened = std::move(*opened);
  return std::unique_ptr<LogStore>(new LogStore(std::move(rep)));
}

const Meta& LogStore::meta() const { return rep_->opened->meta; }

Result<void> LogStore::Write(StoreBatch& batch, Sync sync) {
  rocksdb::WriteOptions options;
  options.sync = sync == Sync::kYes;
  const rocksdb::Status status = rep_->opened->db->Write(options, &batch.rep_->writes);
  if (!status.ok()) return FromStatus(status, "write the journal");
  return {};
}

Result<uint64_t> LogStore::ReadEndSequence(uint32_t partition) const {
  FamilyCursor cursor = rep_->Cursor(partition, KeyFamily::kEvents, 0);
  cursor.SeekToLast();
  if (!cursor.status().ok()) return FromStatus(cursor.status(), "read the journal");
  if (!cursor.Valid()) return 0;
  const std::optional<uint64_t> first = cursor.number();
  const RecordsReader reader(cursor.value());
  if (!first || !reader.ok()) {
    return Err(ErrorCode::kCorruption, "partition {}: the last batch of events is unreadable",
               partition);
  }
  return *first + reader.count();
}

Result<Counters> LogStore::ReadCounters(uint32_t partition) const {
  std::string bytes;
  const rocksdb::Status status = rep_->opened->db->Get({}, rep_->opened->partitions.at(partition),
                                                       FamilyBegin(KeyFamily::kCounters), &bytes);
  if (status.IsNotFound()) return Counters{};
  if (!status.ok()) return FromStatus(status, "read the journal");
  const std::optional<Counters> counters = DecodeCounters(bytes);
  if (!counters) {
    return Err(ErrorCode::kCorruption, "partition {}: the counters are unreadable", partition);
  }
  return *counters;
}

Result<std::optional<uint64_t>> LogStore::FirstInternal(uint32_t partition) const {
  FamilyCursor cursor = rep_->Cursor(partition, KeyFamily::kInternal, 0);
  cursor.SeekToFirst();
  if (!cursor.status().ok()) return FromStatus(cursor.status(), "read the journal");
  if (!cursor.Valid()) return std::optional<uint64_t>();
  return cursor.number();
}

Result<void> LogStore::ReadEvents(uint32_t partition, uint64_t from,
                                  const RecordVisitor& visitor) const {
  FamilyCursor cursor = rep_->Cursor(partition, KeyFamily::kEvents, kReadAheadBytes);
  cursor.SeekAtOrBefore(from);  // The batch that holds `from` began there or before.
  if (!cursor.Valid() && cursor.status().ok()) cursor.SeekToFirst();
  std::optional<uint64_t> expected;
  for (; cursor.Valid(); cursor.Next()) {
    const std::optional<uint64_t> first = cursor.number();
    if (!first || *first != expected.value_or(*first) || (!expected && *first > from)) {
      return Err(ErrorCode::kCorruption, "partition {}: record {} is missing", partition,
                 expected.value_or(from));
    }
    RecordsReader reader(cursor.value());
    uint64_t sequence = *first;
    for (std::string_view record; reader.Next(&record); ++sequence) {
      if (sequence >= from && !visitor(sequence, record)) return {};
    }
    if (!reader.ok()) return Unreadable(partition, sequence);
    expected = sequence;
  }
  if (!cursor.status().ok()) {
    return FromStatus(cursor.status(), fmt::format("read partition {} from record {} on", partition,
                                                   expected.value_or(from)));
  }
  return {};
}

Result<void> LogStore::ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                                   const RecordVisitor& visitor) const {
  FamilyCursor cursor = rep_->Cursor(partition, KeyFamily::kEvents, 0);
  std::optional<RecordsReader> batch;
  uint64_t next = 0;  // sequence of the batch's next record
  uint64_t end = 0;   // one past its last
  for (const uint64_t sequence : sequences) {
    if (!batch || sequence < next || sequence >= end) {
      if (!batch || !StepTo(cursor, sequence, end, batch->count())) {
        cursor.SeekAtOrBefore(sequence);
      }
      if (!cursor.status().ok()) {
        return FromStatus(cursor.status(), fmt::format("read record {}:{}", partition, sequence));
      }
      if (!cursor.Valid()) continue;
      const std::optional<uint64_t> first = cursor.number();
      batch.emplace(cursor.value());
      if (!first || !batch->ok()) return Unreadable(partition, sequence);
      next = *first;
      end = *first + batch->count();
      if (sequence >= end) continue;
    }
    for (std::string_view record; next <= sequence;) {
      if (!batch->Next(&record)) return Unreadable(partition, sequence);
      if (next++ == sequence && !visitor(sequence, record)) return {};
    }
  }
  return {};
}

Result<size_t> LogStore::ReadInternal(uint32_t partition, uint64_t from, uint64_t end,
                                      const PollLimits& limits,
                                      std::vector<InputRecord>* records) const {
  FamilyCursor cursor = rep_->Cursor(partition, KeyFamily::kInternal, 0);
  cursor.Seek(from);
  size_t count = 0;
  size_t bytes = 0;
  for (uint64_t offset = from; offset < end && count < limits.max_records; ++offset) {
    if (!cursor.status().ok()) return FromStatus(cursor.status(), "read internal records");
    std::optional<InputRecord> record;
    if (cursor.Valid() && cursor.number() == offset)
      record = DecodeInternal(offset, cursor.value());
    if (!record) {
      return Err(ErrorCode::kCorruption,
                 "partition {}: internal record {} is missing or unreadable", partition, offset);
    }
    bytes += record->payload.size();
    if (count > 0 && bytes > limits.max_bytes) break;
    records->push_back(std::move(*record));
    ++count;
    cursor.Next();
  }
  return count;
}

Result<void> LogStore::ReadDeadLetters(uint32_t partition, uint64_t from,
                                       const DeadLetterVisitor& visitor) const {
  FamilyCursor cursor = rep_->Cursor(partition, KeyFamily::kUndecoded, kReadAheadBytes);
  for (cursor.Seek(from); cursor.Valid(); cursor.Next()) {
    const std::optional<uint64_t> number = cursor.number();
    std::optional<DeadLetter> letter;
    if (number) letter = DecodeDeadLetter(*number, cursor.value());
    if (!letter) {
      return Err(ErrorCode::kCorruption, "partition {}: dead letter {} is unreadable", partition,
                 number.value_or(from));
    }
    if (!visitor(*letter)) return {};
  }
  if (!cursor.status().ok()) return FromStatus(cursor.status(), "read dead letters");
  return {};
}

Result<bool> LogStore::HasDeadLetter(uint32_t partition, uint64_t number) const {
  std::string bytes;
  const rocksdb::Status status = rep_->opened->db->Get(
      {}, rep_->opened->partitions.at(partition), MakeKey(KeyFamily::kUndecoded, number), &bytes);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return FromStatus(status, "read a dead letter");
  return true;
}

}  // namespace sluice::journal
