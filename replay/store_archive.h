// The archive of a node: its journal, and its projections for what is about whom.
#pragma once

#include <vector>

#include "engine/journal/journal.h"
#include "projections/past_stores.h"
#include "replay/archive.h"

namespace sluice::replay {

class StoreArchive final : public Archive {
 public:
  // All of them outlive the archive.
  StoreArchive(const KindRegistry& kinds, const Journal& journal,
               std::vector<const PartitionStore*> stores, PastStores* past = nullptr)
      : kinds_(kinds), journal_(journal), stores_(std::move(stores)), past_(past) {}

  const KindRegistry& kinds() const override { return kinds_; }
  uint32_t partitions() const override { return static_cast<uint32_t>(stores_.size()); }
  uint64_t End(uint32_t partition) const override { return stores_[partition]->NextSequence(); }
  Result<uint64_t> LogEnd(uint32_t partition) const override {
    return journal_.EndSequence(partition);
  }
  Result<void> Read(uint32_t partition, uint64_t from, const EventVisitor& visit) const override {
    return journal_.ReadEvents(partition, from, visit);
  }
  Result<void> ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                           const EventVisitor& visit) const override {
    return journal_.ReadRecords(partition, sequences, visit);
  }
  Result<std::vector<uint64_t>> Sequences(std::string_view entity, uint64_t from,
                                          size_t limit) const override {
    return stores_[PartitionOf(entity)]->View()->History(entity, from, limit);
  }
  Result<std::vector<uint64_t>> FoldedSequences(std::string_view entity, uint64_t from,
                                                size_t limit) const override {
    return stores_[PartitionOf(entity)]->View()->FoldedHistory(entity, from, limit);
  }
  Result<std::vector<uint64_t>> LastSequences(std::string_view entity, uint64_t end,
                                              size_t limit) const override {
    return stores_[PartitionOf(entity)]->View()->LastHistory(entity, end, limit);
  }
  Result<std::optional<PastStart>> StartBefore(std::string_view entity,
                                               uint64_t end) const override;
  Result<void> ScanEntities(std::string_view kind, std::optional<std::string_view> namespace_,
                            const EntityVisitor& visit) const override;
  std::shared_ptr<const StoreView> Projections(uint32_t partition) const override {
    return stores_[partition]->View();
  }
  PastStores* Past() const override { return past_; }

 private:
  const KindRegistry& kinds_;
  const Journal& journal_;
  const std::vector<const PartitionStore*> stores_;
  PastStores* const past_;
};

}  // namespace sluice::replay
