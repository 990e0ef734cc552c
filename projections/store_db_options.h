// How RocksDB is set up for projections. Only store_db.cc includes it.
#pragma once

#include <rocksdb/options.h>

#include <memory>

#include "projections/store_db.h"

namespace sluice {

rocksdb::Options DbOptions(const StoreDbOptions& options);
rocksdb::ColumnFamilyOptions FamilyOptions(StoreFamily family, const StoreDbOptions& options,
                                           const std::shared_ptr<ForgetBefore>& forget_before);

}  // namespace sluice
