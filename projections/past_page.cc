#include "projections/past_page.h"

#include <algorithm>

#include "events/codec.h"
#include "projections/page_token.h"
#include "projections/store_keys.h"

namespace sluice {
namespace {

// Entities folded together, some 6 KB each. The more there are, the more often a block of the log
// has records of several and is unpacked once for them.
constexpr size_t kPastChunk = 4096;

}  // namespace

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

Result<ObjectList> Queries::ListPast(const ListRequest& request, const Coverage& coverage,
                                     std::string_view after) const {
  if (auto reached = CheckReached(coverage); !reached) return tl::unexpected(reached.error());
  auto view = views_.Now();
  if (!view) return tl::unexpected(view.error());
  // Those deleted since are among them.
  EntityCursor cursor(
      *view,
      [&](const StoreView& partition, std::string_view last,
          const StoreView::EntityVisitor& visit) {
        return partition.ScanEver(request.kind->name, request.namespace_, visit, last);
      },
      std::string(after));
  ObjectList list;
  list.coverage = coverage;
  while (true) {
    std::vector<EntityCursor::Entry> entries;
    const size_t room = request.limit == 0 ? kPastChunk : request.limit - list.items.size() + 1;
    while (entries.size() < std::min(kPastChunk, room)) {
      auto entry = cursor.Next();
      if (!entry) return tl::unexpected(entry.error());
      if (!*entry) break;
      entries.push_back(std::move(**entry));
    }
    if (entries.empty()) return list;
    auto objects = PastPage(*this, *view, coverage).Read(entries);
    if (!objects) return tl::unexpected(objects.error());
    for (std::optional<ObjectText>& object : *objects) {
      if (!object || (request.matches && !request.matches(object->json))) continue;
      if (request.limit > 0 && list.items.size() == request.limit) {
        list.continue_token = FormatPageToken(
            {.coverage = coverage, .partition = 0, .last = list.items.back().entity, .past = true});
        return list;
      }
      list.items.push_back(std::move(*object));
    }
  }
}

}  // namespace sluice
