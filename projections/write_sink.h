// Where a batch's rows go: into one write of RocksDB, or into sorted files for a long replay.
#pragma once

#include <memory>
#include <string_view>

#include "events/result.h"
#include "projections/store_db.h"

namespace sluice {

// Rows of `entities`, `items`, `history`, `commands` and `past` are given ascending by key, those
// of `indexes` and `timers` by Mark, all others in any order. No row twice.
class WriteSink {
 public:
  virtual ~WriteSink() = default;
  virtual void Put(StoreFamily family, std::string_view key, std::string_view value) = 0;
  virtual void Delete(StoreFamily family, std::string_view key) = 0;
  // The row `lead` + `rest` with an empty value is there, or is not. Ascending by `rest` under one
  // `lead`; no lead begins another.
  virtual void Mark(StoreFamily family, std::string_view lead, std::string_view rest,
                    bool is_there) = 0;
  // Makes everything since the last Commit visible at once. Returns how many bytes of it are in
  // memory only.
  virtual Result<size_t> Commit() = 0;
};

// One WriteBatch without a write-ahead log.
std::unique_ptr<WriteSink> MakeBatchSink(StoreDb& db);

// One file per family, ingested together: 20 times faster than small writes, but only worth it for
// tens of thousands of rows.
std::unique_ptr<WriteSink> MakeFileSink(StoreDb& db);

}  // namespace sluice
