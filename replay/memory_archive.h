// A log with an index in memory: an exported file, a fork, or a simulator's log. Its records are in
// memory as well, up to a bound, and beyond it in a temporary file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "replay/archive.h"
#include "replay/record_file.h"

namespace sluice::replay {

// Filled by one thread, which may read meanwhile; then read by any. A part of a log keeps its
// positions: what is left out is not there.
class MemoryArchive final : public Archive {
 public:
  MemoryArchive(const KindRegistry& kinds, uint32_t partitions, bool whole = true,
                size_t record_bytes_in_memory_max = size_t{64} << 20);

  // Records of a partition come in their order. kCorruption, kUnknownType: it cannot be read, or
  // comes twice. kIo: there is no room for it.
  Result<void> Add(uint32_t partition, Bytes record);
  // What is not there of a whole log that ends so.
  std::vector<Gap> GapsBefore(const Coverage& ends) const;
  // Before anything is read.
  void Describe(Extent extent) { extent_ = std::move(extent); }

  const KindRegistry& kinds() const override { return kinds_; }
  uint32_t partitions() const override { return static_cast<uint32_t>(logs_.size()); }
  const Extent& extent() const override { return extent_; }
  uint64_t End(uint32_t partition) const override;
  Result<uint64_t> LogEnd(uint32_t partition) const override { return End(partition); }
  Result<void> Read(uint32_t partition, uint64_t from, const EventVisitor& visit) const override;
  Result<void> ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                           const EventVisitor& visit) const override;
  Result<std::vector<uint64_t>> Sequences(std::string_view entity, uint64_t from,
                                          size_t limit) const override;
  Result<std::vector<uint64_t>> LastSequences(std::string_view entity, uint64_t end,
                                              size_t limit) const override;
  Result<void> ScanEntities(std::string_view kind, std::optional<std::string_view> namespace_,
                            const EntityVisitor& visit) const override;

 private:
  struct Row {
    uint64_t sequence = 0;
    RecordFile::Place place;
  };
  using Log = std::vector<Row>;  // ascending
  static Log::const_iterator From(const Log& log, uint64_t sequence);

  const KindRegistry& kinds_;
  Extent extent_;
  std::vector<Log> logs_;
  RecordFile records_;
  std::map<std::string, std::vector<uint64_t>, std::less<>> about_;
};

}  // namespace sluice::replay
