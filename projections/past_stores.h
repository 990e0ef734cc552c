// Stores of earlier positions, which reads of the past begin from instead of the log's beginning.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "projections/partition_store.h"

namespace sluice {

inline constexpr const char* kLatestSnapshot = "latest";

// Threadsafe. The stores are frozen (PartitionStore::OpenFrozen) and chain to the log.
class PastStores {
 public:
  virtual ~PastStores() = default;
  // The latest store of `partition` that has nothing at or after sequence `next`; null: there is
  // none.
  virtual std::shared_ptr<PartitionStore> Before(uint32_t partition, uint64_t next) = 0;
  // The stores of the snapshot of this name, by partition; of the last one for "latest".
  // kNotFound, or what keeps them from being used.
  virtual Result<std::vector<std::shared_ptr<PartitionStore>>> Named(const std::string& name) = 0;
};

}  // namespace sluice
