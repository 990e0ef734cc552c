// The directories of a partition's databases. Databases are numbered, so that another can take the
// place of one that is still being read: the last one counts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "projections/store_db.h"

namespace sluice {

// null in the options = the host's
rocksdb::Env* EnvOf(const StoreDbOptions& options);
std::string DatabaseDirectory(const StoreDbOptions& options, uint64_t number);
// Ascending.
Result<std::vector<uint64_t>> DatabaseNumbers(const StoreDbOptions& options);
Result<void> RemoveDatabase(const StoreDbOptions& options, const std::string& directory);
// The files of a closed or frozen database as another one's, in a directory that is made: what
// never changes is linked. Durable when it returns.
Result<void> LinkDatabase(const StoreDbOptions& options, const std::string& from,
                          const std::string& to);

}  // namespace sluice
