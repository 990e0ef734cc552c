// A file system that fails on demand, and knows what of the write-ahead log a power loss would
// leave.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace sluice {

enum class Fault {
  kNone,
  kAppend,       // Nothing is written.
  kShortAppend,  // Half is written, then the error.
  kSync,         // All is written, the fsync fails.
};

// Threadsafe. Faults strike write-ahead logs (*.log) alone, and go on until lifted.
class FaultFileSystem {
 public:
  FaultFileSystem();
  ~FaultFileSystem();

  rocksdb::Env* env();
  void Set(Fault fault);
  uint64_t syncs() const;

  // Cuts each write-ahead log in `copy`, a copy of `original`, to what was synced.
  void LoseUnsynced(const std::filesystem::path& original, const std::filesystem::path& copy) const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace sluice
