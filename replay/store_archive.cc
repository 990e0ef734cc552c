#include "replay/store_archive.h"

namespace sluice::replay {

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
