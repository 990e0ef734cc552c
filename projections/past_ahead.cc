#include "projections/past_ahead.h"

#include <algorithm>

namespace sluice {

size_t PastChunk::ByteSize() const {
  size_t bytes = sizeof(PastChunk);
  for (const Item& item : items) {
    bytes += sizeof(Item) + item.entity.size();
    if (!item.object) continue;
    bytes += item.object->entity.size() + item.object->json.size();
    for (const std::string& cell : item.object->cells) bytes += sizeof(cell) + cell.size();
  }
  return bytes;
}

PastAhead::Place PastAhead::Find(const PastChunk::Key& key, std::string_view after) {
  const std::lock_guard lock(mutex_);
  for (auto at = kept_.begin(); at != kept_.end(); ++at) {
    const PastChunk& chunk = **at;
    if (chunk.key != key) continue;
    size_t next = 0;
    if (chunk.after != after) {
      const auto item =
          std::find_if(chunk.items.begin(), chunk.items.end(),
                       [&](const PastChunk::Item& one) { return one.entity == after; });
      if (item == chunk.items.end()) continue;
      next = static_cast<size_t>(item - chunk.items.begin()) + 1;
      // What follows is another chunk's.
      if (next == chunk.items.size() && !chunk.at_end) continue;
    }
    kept_.splice(kept_.begin(), kept_, at);
    return {kept_.front(), next};
  }
  return {};
}

size_t PastAhead::SizeBefore(const PastChunk::Key& key, std::string_view after) const {
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<const PastChunk>& chunk : kept_) {
    if (chunk->key != key || chunk->items.empty() || chunk->items.back().entity != after) continue;
    return chunk->items.size();
  }
  return 0;
}

void PastAhead::Keep(std::shared_ptr<const PastChunk> chunk) {
  const std::lock_guard lock(mutex_);
  bytes_ += chunk->ByteSize();
  kept_.push_front(std::move(chunk));
  while (bytes_ > bytes_max_ && kept_.size() > 1) {
    bytes_ -= kept_.back()->ByteSize();
    kept_.pop_back();
  }
}

}  // namespace sluice
