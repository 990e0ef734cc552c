#include "projections/past_page.h"

#include <algorithm>

#include "events/codec.h"
#include "projections/store_keys.h"

namespace sluice {
Result<std::vector<std::optional<ObjectText>>> PastPage::Read(
    const std::vector<EntityCursor::Entry>& entries) {
  objects_.assign(entries.size(), std::nullopt);
  wanted_.assign(coverage_.size(), {});
  for (size_t place = 0; place < entries.size(); ++place) {
    if (auto looked = Look(entries[place], place); !looked) return tl::unexpected(looked.error());
  }
  for (uint32_t partition = 0; partition < wanted_.size(); ++partition) {
    if (auto done = FoldPartition(partition); !done) return tl::unexpected(done.error());
  }
  for (const Folded& folded : folded_) {
    if (auto checked = folded.fold.Check(); !checked) return tl::unexpected(checked.error());
    const LoadedEntity& then = folded.loaded;
    if (!then.state->Exists()) continue;
    objects_[folded.place] = MakeObjectText(*then.kind, folded.entity, *then.state,
                                            FormatPosition(folded.partition, then.sequence));
  }
  return std::move(objects_);
}

Result<void> PastPage::Look(const EntityCursor::Entry& entry, size_t place) {
  const auto partition = static_cast<uint32_t>(entry.partition);
  const std::shared_ptr<const StoreView>& view = view_->partitions[partition];
  const uint64_t next = coverage_[partition];
  auto record = view->Get(entry.entity);
  if (!record) return tl::unexpected(record.error());
  if (!*record) return {};
  // Not changed since: what is true now was true then.
  if ((*record)->sequence < next) {
    auto object = queries_.ReadObject(*view, partition, entry.entity);
    if (!object) return tl::unexpected(object.error());
    objects_[place] = std::move(*object);
    return {};
  }
  auto key = ParseEntityKey(entry.entity);
  if (!key) return tl::unexpected(key.error());
  auto way = queries_.WayTo(view, partition, *key, next);
  if (!way) return tl::unexpected(way.error());
  for (const uint64_t sequence : way->sequences) {
    wanted_[partition].push_back({sequence, folded_.size()});
  }
  folded_.emplace_back(place, entry.entity, partition, std::move(way->start.entity), record_);
  return {};
}

Result<void> PastPage::FoldPartition(uint32_t partition) {
  std::vector<Wanted>& wanted = wanted_[partition];
  std::sort(wanted.begin(), wanted.end(),
            [](const Wanted& a, const Wanted& b) { return a.sequence < b.sequence; });
  std::vector<uint64_t> sequences;
  for (const Wanted& record : wanted) sequences.push_back(record.sequence);
  size_t at = 0;
  return queries_.ReadRecords(partition, sequences, [&](uint64_t sequence, std::string_view bytes) {
    return folded_[wanted[at++].folded].fold.Add(sequence, bytes);
  });
}

}  // namespace sluice
