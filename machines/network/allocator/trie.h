// The trie under the allocator: its items, and the walks over them. Private to this folder.
//
// Items, all integers big-endian, ADDRESS being 4 or 16 bytes by family (4 or 6):
//   't' family                        -> REF           the whole trie; absent when empty
//   'n' family ADDRESS length         -> REF REF       a branch: lower and upper half
//   'h' family ADDRESS length         -> size(1) claim name   a held prefix
//   'u' claim                         -> family ADDRESS length
//   REF = kind(1: 1 held, 2 branch) length(1) free(1) ADDRESS
// `free` is the length of the largest free aligned block inside the referred prefix, 255 for none.
// A REF's prefix lies anywhere inside its parent's half: what is between them is free.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/network/allocator/items.h"
#include "machines/network/allocator/prefix.h"

namespace sluice::trie {

inline constexpr uint8_t kNoFree = 255;

enum class RefKind : uint8_t { kNone = 0, kHeld = 1, kBranch = 2 };

struct Ref {
  RefKind kind = RefKind::kNone;
  uint8_t free = kNoFree;
  Prefix prefix;
  friend bool operator==(const Ref&, const Ref&) = default;
};

struct Branch {
  std::array<Ref, 2> halves;
};

std::string PrefixBytes(const Prefix& prefix);                  // family ADDRESS length
std::optional<Prefix> PrefixFromBytes(std::string_view bytes);  // empty when malformed
std::string HeldKey(const Prefix& prefix);
std::string GrantKey(std::string_view claim);

Ref LoadRoot(const AllocatorItemsView& items, Family family);
Branch LoadBranch(const AllocatorItemsView& items, const Prefix& prefix);

// The lowest free prefix of `length` bits inside `within`.
std::optional<Prefix> FindFree(const AllocatorItemsView& items, const Prefix& within, int length);
// The lowest held prefix that overlaps.
std::optional<Prefix> FindOverlap(const AllocatorItemsView& items, const Prefix& prefix);
// Adds a prefix; the result is the lowest held one that overlaps it, and then nothing is added.
std::optional<Prefix> Insert(AllocatorItems& items, const Prefix& prefix);
// Takes out a prefix that was inserted.
void Remove(AllocatorItems& items, const Prefix& prefix);

}  // namespace sluice::trie
