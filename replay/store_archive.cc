#include "replay/store_archive.h"

namespace sluice::replay {

Result<std::optional<PastStart>> StoreArchive::StartBefore(std::string_view entity,
                                                           uint64_t end) const {
  const KindInfo* kind = kinds_.Find(entity.substr(0, entity.find('/')));
  if (kind == nullptr) return std::optional<PastStart>();
  return WaypointBefore(stores_[PartitionOf(entity)]->View(), *kind, entity, end);
}

Result<void> StoreArchive::ScanEntities(std::string_view kind,
                                        std::optional<std::string_view> namespace_,
                                        const EntityVisitor& visit) const {
  for (const PartitionStore* store : stores_) {
    auto scanned = store->View()->ScanEver(kind, namespace_, [&](std::string_view entity) {
      visit(entity);
      return true;
    });
    if (!scanned) return scanned;
  }
  return {};
}

}  // namespace sluice::replay
