// A log in memory, with an index of its own: an exported file, a fork, or a simulator's log.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "replay/archive.h"

namespace sluice::replay {

// Filled by one thread, then read by any. A part of a log keeps its positions: what is left out is
// not there.
class MemoryArchive final : public Archive {
 public:
  MemoryArchive(const KindRegistry& kinds, uint32_t partitions, bool whole = true);

  // Records of a partition come in their order. kCorruption, kUnknownType: it cannot be read.
  Result<void> Add(uint32_t partition, Bytes record);

  const KindRegistry& kinds() const override { return kinds_; }
  uint32_t partitions() const override { return static_cast<uint32_t>(logs_.size()); }
  bool IsWhole() const override { return whole_; }
  uint64_t End(uint32_t partition) const override;
  Result<uint64_t> LogEnd(uint32_t partition) const override { return End(partition); }
  Result<void> Read(uint32_t partition, uint64_t from, const EventVisitor& visit) const override;
  Result<std::vector<uint64_t>> Sequences(std::string_view entity, uint64_t from,
                                          size_t limit) const override;
  Result<void> ScanEntities(std::string_view kind, std::optional<std::string_view> namespace_,
                            const EntityVisitor& visit) const override;

 private:
  const KindRegistry& kinds_;
  const bool whole_;
  std::vector<std::map<uint64_t, Bytes>> logs_;
  std::map<std::string, std::vector<uint64_t>, std::less<>> about_;
};

}  // namespace sluice::replay
