// NodeView: every partition of a node at one coverage, and the few of them kept for pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "projections/partition_store.h"
#include "projections/resource_version.h"

namespace sluice {

// Immutable, threadsafe. Must not outlive the stores.
struct NodeView {
  std::vector<std::shared_ptr<const StoreView>> partitions;
  Coverage coverage;
};

// Threadsafe.
class NodeViews {
 public:
  // Pages of the last `kept_max` lists can be turned; older ones begin again.
  NodeViews(std::vector<const PartitionStore*> stores, size_t kept_max);

  const std::vector<const PartitionStore*>& stores() const { return stores_; }

  // What is applied now.
  Result<std::shared_ptr<const NodeView>> Now() const;
  // The same, kept for pages to come.
  Result<std::shared_ptr<const NodeView>> NowForPages();
  // The one of an earlier page. kNotFound: it is not kept any more.
  Result<std::shared_ptr<const NodeView>> At(const Coverage& coverage);

 private:
  const std::vector<const PartitionStore*> stores_;
  const size_t kept_max_;
  std::mutex mutex_;
  std::list<std::shared_ptr<const NodeView>> kept_;  // used last first
};

// Entities of one index over every partition, in order of (namespace, name); pulled in chunks.
class EntityCursor {
 public:
  // `rows` as for StoreView::ScanEntities; begins after `after` ("" = at the first).
  EntityCursor(std::shared_ptr<const NodeView> view, std::string rows, std::string after);
  // What `scan` visits of each partition after an entity.
  using Scan = std::function<Result<void>(const StoreView& partition, std::string_view after,
                                          const StoreView::EntityVisitor& visit)>;
  EntityCursor(std::shared_ptr<const NodeView> view, Scan scan, std::string after);

  struct Entry {
    std::string entity;
    size_t partition = 0;
  };
  // The next; nullopt at the end.
  Result<std::optional<Entry>> Next();

 private:
  struct Part {
    std::vector<std::string> chunk;  // ascending
    size_t next = 0;
    std::string last;
    bool at_end = false;
  };
  Result<void> Fill(size_t partition);

  const std::shared_ptr<const NodeView> view_;
  const Scan scan_;
  std::vector<Part> parts_;
};

}  // namespace sluice
