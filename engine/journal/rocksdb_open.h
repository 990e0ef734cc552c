// Opening the embedded journal's RocksDB: its options, its directory, its format. Also the one
// place where rocksdb::Status becomes an Error.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engine/journal/embedded_journal.h"
#include "engine/journal/record_codec.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Status;
}  // namespace rocksdb

namespace sluice::journal {

// An open database; closes it.
struct OpenedRocksDb {
  OpenedRocksDb() = default;
  ~OpenedRocksDb();
  OpenedRocksDb(const OpenedRocksDb&) = delete;
  OpenedRocksDb& operator=(const OpenedRocksDb&) = delete;

  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;     // All of them, to be given back.
  std::vector<rocksdb::ColumnFamilyHandle*> partitions;  // By partition.
  Meta meta;
};

// As EmbeddedJournal::Open.
Result<std::unique_ptr<OpenedRocksDb>> OpenRocksDb(const EmbeddedOptions& options);

// `doing` completes "cannot ...".
tl::unexpected<Error> FromStatus(const rocksdb::Status& status, std::string_view doing);

}  // namespace sluice::journal
