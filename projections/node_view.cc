#include "projections/node_view.h"

#include <algorithm>

#include "projections/store_keys.h"
#include "projections/store_mentions.h"

namespace sluice {
namespace {

constexpr size_t kChunk = 256;

// Whether `a` comes before `b` as (kind, namespace, name).
bool IsBefore(std::string_view a, std::string_view b) {
  return store::EntityPrefix(a) < store::EntityPrefix(b);
}

}  // namespace

NodeViews::NodeViews(std::vector<const PartitionStore*> stores, size_t kept_max)
    : stores_(std::move(stores)), kept_max_(kept_max) {}

Result<std::shared_ptr<const NodeView>> NodeViews::Now() const {
  auto view = std::make_shared<NodeView>();
  for (const PartitionStore* store : stores_) {
    view->partitions.push_back(store->View());
    auto next = view->partitions.back()->NextSequence();
    if (!next) return tl::unexpected(next.error());
    view->coverage.push_back(*next);
  }
  return view;
}

Result<std::shared_ptr<const NodeView>> NodeViews::NowForPages() {
  auto view = Now();
  if (!view) return view;
  const std::lock_guard lock(mutex_);
  const auto same = std::find_if(kept_.begin(), kept_.end(), [&](const auto& kept) {
    return kept->coverage == (*view)->coverage;
  });
  if (same != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, same);
    return *same;
  }
  kept_.push_front(*view);
  if (kept_.size() > kept_max_) kept_.pop_back();
  return view;
}

Result<std::shared_ptr<const NodeView>> NodeViews::At(const Coverage& coverage) {
  {
    const std::lock_guard lock(mutex_);
    for (auto at = kept_.begin(); at != kept_.end(); ++at) {
      if ((*at)->coverage != coverage) continue;
      kept_.splice(kept_.begin(), kept_, at);
      return kept_.front();
    }
  }
  // Nothing may have happened since, for instance over a restart.
  auto now = NowForPages();
  if (now && (*now)->coverage != coverage) {
    return Err(ErrorCode::kNotFound, "the list of {} is not kept any more",
               FormatCoverage(coverage));
  }
  return now;
}

EntityCursor::EntityCursor(std::shared_ptr<const NodeView> view, std::string rows,
                           std::string after)
    : EntityCursor(
          std::move(view),
          [rows = std::move(rows)](const StoreView& partition, std::string_view last,
                                   const StoreView::EntityVisitor& visit) {
            return partition.ScanEntities(rows, last, visit);
          },
          std::move(after)) {}

EntityCursor::EntityCursor(std::shared_ptr<const NodeView> view, Scan scan, std::string after)
    : view_(std::move(view)), scan_(std::move(scan)), parts_(view_->partitions.size()) {
  for (Part& part : parts_) part.last = after;
}

Result<void> EntityCursor::Fill(size_t partition) {
  Part& part = parts_[partition];
  part.chunk.clear();
  part.next = 0;
  auto scanned = scan_(*view_->partitions[partition], part.last, [&](std::string_view entity) {
    part.chunk.emplace_back(entity);
    return part.chunk.size() < kChunk;
  });
  if (!scanned) return scanned;
  part.at_end = part.chunk.size() < kChunk;
  if (!part.chunk.empty()) part.last = part.chunk.back();
  return {};
}

Result<std::optional<EntityCursor::Entry>> EntityCursor::Next() {
  std::optional<size_t> first;
  for (size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    if (part.next == part.chunk.size() && !part.at_end) {
      if (auto filled = Fill(i); !filled) return tl::unexpected(filled.error());
    }
    if (part.next == part.chunk.size()) continue;
    if (!first || IsBefore(part.chunk[part.next], parts_[*first].chunk[parts_[*first].next])) {
      first = i;
    }
  }
  if (!first) return std::optional<Entry>();
  Part& part = parts_[*first];
  return std::optional<Entry>(Entry{part.chunk[part.next++], *first});
}

}  // namespace sluice
