// FamilyCursor: an iterator over one family of the embedded journal's keys. Of log_store.cc alone:
// who includes it sees RocksDB.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/journal/record_codec.h"

namespace sluice::journal {

// Used by one thread. Blocks read in passing do not push others out of the cache.
class FamilyCursor {
 public:
  FamilyCursor(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* handle, KeyFamily family,
               size_t read_ahead_bytes)
      : family_(family),
        begin_(FamilyBegin(family)),
        end_(FamilyEnd(family)),
        begin_slice_(begin_),
        end_slice_(end_) {
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &begin_slice_;
    options.iterate_upper_bound = &end_slice_;
    options.readahead_size = read_ahead_bytes;
    options.fill_cache = read_ahead_bytes == 0;
    it_.reset(db->NewIterator(options, handle));
  }

  FamilyCursor(const FamilyCursor&) = delete;  // The iterator points at the bounds.
  FamilyCursor& operator=(const FamilyCursor&) = delete;

  void Seek(uint64_t number) { it_->Seek(MakeKey(family_, number)); }
  void SeekAtOrBefore(uint64_t number) { it_->SeekForPrev(MakeKey(family_, number)); }
  void SeekToFirst() { it_->SeekToFirst(); }
  void SeekToLast() { it_->SeekToLast(); }
  void Next() { it_->Next(); }
  bool Valid() const { return it_->Valid(); }
  rocksdb::Status status() const { return it_->status(); }
  std::optional<uint64_t> number() const { return ParseKey(family_, it_->key().ToStringView()); }
  std::string_view value() const { return it_->value().ToStringView(); }

 private:
  KeyFamily family_;
  std::string begin_;
  std::string end_;
  rocksdb::Slice begin_slice_;
  rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

// Batches that are stepped over sooner than another one is sought.
inline constexpr uint64_t kStepsMax = 8;

// From the batch at the cursor, which has `count` records up to `end`, to the one with `sequence`,
// if that is near. False: it is to be sought.
inline bool StepTo(FamilyCursor& cursor, uint64_t sequence, uint64_t end, uint64_t count) {
  if (sequence < end || sequence - end >= kStepsMax * count) return false;
  while (end <= sequence) {
    cursor.Next();
    if (!cursor.Valid() || cursor.number() != end) return false;
    const RecordsReader batch(cursor.value());
    if (!batch.ok() || batch.count() == 0) return false;
    end += batch.count();
  }
  return true;
}

}  // namespace sluice::journal
