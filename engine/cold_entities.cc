#include "engine/cold_entities.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <new>
#include <utility>

#include "events/result.h"

namespace sluice {
namespace {

constexpr size_t kSlotsMin = 16;

// The allocator has four sizes between one power of two and the next.
size_t AllocatedBytes(size_t bytes) {
  const size_t step = std::max<size_t>(16, std::bit_floor(bytes - 1) / 4);
  return (bytes + step - 1) / step * step;
}

size_t HashOfKey(std::string_view key) { return std::hash<std::string_view>()(key); }

}  // namespace

ColdEntity::ColdEntity(std::string_view key, const KindInfo& kind, std::string_view row,
                       std::string_view items)
    : memory_(std::make_unique_for_overwrite<char[]>(sizeof(Head) + key.size() + row.size() +
                                                     items.size())) {
  new (memory_.get()) Head{&kind, static_cast<uint32_t>(key.size()),
                           static_cast<uint32_t>(row.size()), static_cast<uint32_t>(items.size())};
  char* at = memory_.get() + sizeof(Head);
  for (const std::string_view part : {key, row, items}) {
    at = std::copy(part.begin(), part.end(), at);
  }
}

size_t ColdEntity::ByteSize() const {
  return AllocatedBytes(sizeof(Head) + head().key_size + head().row_size + head().items_size);
}

size_t ColdEntities::Find(std::string_view key, size_t hash) const {
  size_t at = hash & (slots_.size() - 1);
  while (slots_[at].entity && (slots_[at].hash != hash || slots_[at].entity.key() != key)) {
    at = Next(at);
  }
  return at;
}

void ColdEntities::Put(ColdEntity entity) {
  if ((size_ + 1) * 4 > slots_.size() * 3) Grow();
  const size_t hash = HashOfKey(entity.key());
  Slot& slot = slots_[Find(entity.key(), hash)];
  CHECK(!slot.entity);
  bytes_ += entity.ByteSize();
  ++size_;
  slot = {std::move(entity), hash};
}

ColdEntity ColdEntities::Take(std::string_view key) {
  if (size_ == 0) return {};
  const size_t at = Find(key, HashOfKey(key));
  return slots_[at].entity ? Remove(at) : ColdEntity();
}

void ColdEntities::DropOne() {
  CHECK(size_ > 0);
  while (!slots_[hand_].entity) hand_ = Next(hand_);
  Remove(hand_);
}

ColdEntity ColdEntities::Remove(size_t slot) {
  ColdEntity removed = std::move(slots_[slot].entity);
  bytes_ -= removed.ByteSize();
  --size_;
  const size_t mask = slots_.size() - 1;
  size_t hole = slot;
  for (size_t at = Next(hole); slots_[at].entity; at = Next(at)) {
    // It may not stand before where its search begins.
    const size_t from_home = (at - slots_[at].hash) & mask;
    const size_t from_hole = (at - hole) & mask;
    if (from_home < from_hole) continue;
    slots_[hole] = std::move(slots_[at]);
    hole = at;
  }
  return removed;
}

void ColdEntities::Grow() {
  std::vector<Slot> before =
      std::exchange(slots_, std::vector<Slot>(std::max(kSlotsMin, slots_.size() * 2)));
  hand_ = 0;
  for (Slot& slot : before) {
    if (!slot.entity) continue;
    slots_[Find(slot.entity.key(), slot.hash)] = std::move(slot);
  }
}

}  // namespace sluice
