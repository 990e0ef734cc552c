// Queries: lists of the past.
#include <algorithm>

#include "projections/page_token.h"
#include "projections/past_ahead.h"
#include "projections/past_page.h"
#include "projections/queries.h"
#include "projections/store_keys.h"

namespace sluice {
namespace {

// How many times as many as the last ones are folded ahead for the next page.
constexpr size_t kGrowth = 4;

}  // namespace

Result<std::shared_ptr<const PastChunk>> Queries::ReadPastChunk(PastChunk::Key key,
                                                                std::string_view after,
                                                                size_t items_max) const {
  auto view = views_.Now();
  if (!view) return tl::unexpected(view.error());
  // Those deleted since are among them.
  EntityCursor cursor(
      *view,
      [&key](const StoreView& partition, std::string_view last,
             const StoreView::EntityVisitor& visit) {
        return partition.ScanEver(key.kind, key.namespace_, visit, last);
      },
      std::string(after));
  auto chunk = std::make_shared<PastChunk>();
  std::vector<EntityCursor::Entry> entries;
  while (entries.size() < items_max && !chunk->at_end) {
    auto entry = cursor.Next();
    if (!entry) return tl::unexpected(entry.error());
    chunk->at_end = !*entry;
    if (*entry) entries.push_back(std::move(**entry));
  }
  auto objects = PastPage(*this, *view, key.coverage).Read(entries);
  if (!objects) return tl::unexpected(objects.error());
  for (size_t at = 0; at < entries.size(); ++at) {
    chunk->items.push_back({std::move(entries[at].entity), std::move((*objects)[at])});
  }
  chunk->key = std::move(key);
  chunk->after = after;
  return std::shared_ptr<const PastChunk>(std::move(chunk));
}

Result<PastAhead::Place> Queries::PlaceInPast(const PastChunk::Key& key, std::string_view after,
                                              size_t wanted) {
  if (auto place = past_ahead_.Find(key, after); place.chunk != nullptr) return place;
  const size_t before = past_ahead_.SizeBefore(key, after);
  const size_t items =
      std::min(std::max(wanted, before * kGrowth), std::max<size_t>(1, options_.past_chunk_max));
  auto chunk = ReadPastChunk(key, after, items);
  if (!chunk) return tl::unexpected(chunk.error());
  past_ahead_.Keep(*chunk);
  return PastAhead::Place{std::move(*chunk), 0};
}

Result<ObjectList> Queries::ListPast(const ListRequest& request, const Coverage& coverage,
                                     Time time, std::string_view after) {
  if (auto reached = CheckReached(coverage); !reached) return tl::unexpected(reached.error());
  const PastChunk::Key key{request.kind->name, request.namespace_, coverage};
  ObjectList list;
  list.coverage = coverage;
  list.as_of = time;
  std::string last(after);
  while (true) {
    // One more than the page has tells whether another follows.
    const size_t wanted =
        request.limit == 0 ? options_.past_chunk_max : request.limit - list.items.size() + 1;
    auto place = PlaceInPast(key, last, wanted);
    if (!place) return tl::unexpected(place.error());
    const PastChunk& chunk = *place->chunk;
    for (size_t at = place->next; at < chunk.items.size(); ++at) {
      const std::optional<ObjectText>& object = chunk.items[at].object;
      if (!object || (request.matches && !request.matches(object->json))) continue;
      if (request.limit > 0 && list.items.size() == request.limit) {
        list.continue_token = FormatPageToken(
            {.coverage = coverage, .last = list.items.back().entity, .past = true, .time = time});
        return list;
      }
      list.items.push_back(*object);
    }
    if (chunk.at_end) return list;
    last = chunk.items.back().entity;
  }
}

}  // namespace sluice
