#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "service/api_error.h"

namespace sluice::service {

// What is to be done with snapshots.
struct SnapshotTask {
  enum class Verb : uint8_t { kTake, kVerify, kPrune, kRestore };
  Verb verb = Verb::kTake;
  std::string name;   // of kVerify and kRestore
  uint64_t keep = 0;  // of kPrune
};

// Snapshots of a node's projections. As threadsafe as a Backend.
class SnapshotKeeper {
 public:
  virtual ~SnapshotKeeper() = default;

  // {"items": [...]}, oldest first.
  virtual Answer<std::string> List() = 0;
  // The manifest as it stands on disk, with every file.
  virtual Answer<std::string> Manifest(const std::string& name) = 0;
  // Bytes of one of its files from `offset` on, at most kPieceBytesMax; empty at its end.
  virtual Answer<std::string> ReadFile(const std::string& name, uint64_t partition,
                                       const std::string& file, uint64_t offset) = 0;
  // JSON lines as Debuggable::Debug gives them. Blocks until it is done.
  virtual void Run(const SnapshotTask& task, const std::function<bool(std::string line)>& emit,
                   std::stop_token stop) = 0;

  static constexpr size_t kPieceBytesMax = size_t{4} << 20;
};

}  // namespace sluice::service
