// KeptArchive: an archive whose single records are kept once they were read, up to a bound: for one
// question that goes through the same histories again and again.
#pragma once

#include <map>
#include <utility>

#include "replay/archive.h"

namespace sluice::replay {

// Used by one thread; the archive below outlives it.
class KeptArchive final : public Archive {
 public:
  explicit KeptArchive(const Archive& archive, size_t bytes_max = size_t{16} << 20)
      : archive_(archive), bytes_max_(bytes_max) {}

  const KindRegistry& kinds() const override { return archive_.kinds(); }
  uint32_t partitions() const override { return archive_.partitions(); }
  uint64_t End(uint32_t partition) const override { return archive_.End(partition); }
  Result<uint64_t> LogEnd(uint32_t partition) const override { return archive_.LogEnd(partition); }
  Result<void> Read(uint32_t partition, uint64_t from, const EventVisitor& visit) const override {
    return archive_.Read(partition, from, visit);
  }
  Result<void> ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                           const EventVisitor& visit) const override;
  Result<std::vector<uint64_t>> Sequences(std::string_view entity, uint64_t from,
                                          size_t limit) const override {
    return archive_.Sequences(entity, from, limit);
  }
  Result<std::vector<uint64_t>> FoldedSequences(std::string_view entity, uint64_t from,
                                                size_t limit) const override {
    return archive_.FoldedSequences(entity, from, limit);
  }
  Result<std::vector<uint64_t>> LastSequences(std::string_view entity, uint64_t end,
                                              size_t limit) const override {
    return archive_.LastSequences(entity, end, limit);
  }
  Result<std::optional<PastStart>> StartBefore(std::string_view entity,
                                               uint64_t end) const override {
    return archive_.StartBefore(entity, end);
  }
  Result<void> ScanEntities(std::string_view kind, std::optional<std::string_view> namespace_,
                            const EntityVisitor& visit) const override {
    return archive_.ScanEntities(kind, namespace_, visit);
  }
  const Extent& extent() const override { return archive_.extent(); }
  std::shared_ptr<const StoreView> Projections(uint32_t partition) const override {
    return archive_.Projections(partition);
  }
  PastStores* Past() const override { return archive_.Past(); }

 private:
  // Reads those of `sequences` that are not kept yet.
  Result<void> Keep(uint32_t partition, std::span<const uint64_t> sequences) const;

  const Archive& archive_;
  const size_t bytes_max_;
  mutable std::map<std::pair<uint32_t, uint64_t>, Bytes> kept_;
  mutable size_t bytes_ = 0;
};

}  // namespace sluice::replay
