// How RocksDB is set up and opened for projections. Only store_db.cc and store_frozen.cc include
// it.
#pragma once

#include <rocksdb/options.h>
#include <rocksdb/status.h>

#include <memory>
#include <optional>
#include <string>

#include "projections/store_db.h"

namespace sluice {

rocksdb::Options DbOptions(const StoreDbOptions& options,
                           const std::shared_ptr<MemtableSeals>& seals);
rocksdb::ColumnFamilyOptions FamilyOptions(StoreFamily family, const StoreDbOptions& options,
                                           const std::shared_ptr<ForgetBefore>& forget_before);

rocksdb::Status OpenDatabase(const StoreDbOptions& options, const std::string& directory,
                             bool frozen, std::shared_ptr<StoreDb>* result);
// Why the open database cannot be used, or nothing.
std::optional<std::string> Unusable(StoreDb& store, const StoreDbOptions& options, bool* is_new);

}  // namespace sluice
