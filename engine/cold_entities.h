// ColdEntities: entities at rest, each one allocation of just its size: its key, a row that says
// what it is (projections/entity_row.h), and what is known of its items (cached_items.h). Found by
// key, through an open hash that keeps no key of its own.
//
// Used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "machines/common/kind.h"

namespace sluice {

class ColdEntity {
 public:
  ColdEntity() = default;  // none
  ColdEntity(std::string_view key, const KindInfo& kind, std::string_view row,
             std::string_view items);

  explicit operator bool() const { return memory_ != nullptr; }
  // Of one that is none: not to be asked.
  std::string_view key() const { return {text(), head().key_size}; }
  std::string_view row() const { return {text() + head().key_size, head().row_size}; }
  std::string_view items() const {
    return {text() + head().key_size + head().row_size, head().items_size};
  }
  const KindInfo& kind() const { return *head().kind; }
  // What it takes of the allocator.
  size_t ByteSize() const;

 private:
  struct Head {
    const KindInfo* kind;
    uint32_t key_size;
    uint32_t row_size;
    uint32_t items_size;
  };
  const char* text() const { return memory_.get() + sizeof(Head); }
  const Head& head() const { return *reinterpret_cast<const Head*>(memory_.get()); }

  std::unique_ptr<char[]> memory_;
};

class ColdEntities {
 public:
  // There is none of that key.
  void Put(ColdEntity entity);
  // Takes it out; none where there is none.
  ColdEntity Take(std::string_view key);
  // There are some. Which one goes has nothing to do with when it came or was used: a load that
  // takes one after the other, more than fit, finds most of them, where to drop the oldest would
  // have it find none.
  void DropOne();

  size_t size() const { return size_; }
  size_t ByteSize() const { return bytes_ + slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    ColdEntity entity;
    size_t hash = 0;
  };

  // Its slot, or the free one where it would be.
  size_t Find(std::string_view key, size_t hash) const;
  size_t Next(size_t slot) const { return (slot + 1) & (slots_.size() - 1); }
  // Whoever stands behind it moves up, so that whom a search looks for stands before a free slot.
  ColdEntity Remove(size_t slot);
  void Grow();

  std::vector<Slot> slots_;  // none, or a power of two of them, of which a quarter is free
  size_t size_ = 0;
  size_t bytes_ = 0;  // of the entities
  size_t hand_ = 0;   // where DropOne goes on
};

}  // namespace sluice
