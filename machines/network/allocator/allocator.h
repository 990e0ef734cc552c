// Who holds which prefix, and which one is free: the allocator of the network plane.
//
// The state is a path-compressed binary trie over the held prefixes, kept node by node as items
// (items.h). A node knows its two subtrees and, for each, the largest free block below, so the
// lowest fitting free prefix is found on one way down. With n prefixes held a grant or a release
// reads and writes at most as many nodes as the way is long, at most the bits of an address, and
// about log2(n) when prefixes are granted lowest first; nothing else depends on n.
//
// Invariants:
//   1. Held prefixes never overlap; a prefix has exactly one holder.
//   2. A claim has at most one prefix; granting to it again gives the same one.
//   3. The items are a function of what is held, whatever the order it came in. Nothing held: none.
//
// Not thread-safe; pure but for the items. Items that contradict each other, and a claim that is
// empty or over 255 bytes, throw InvariantViolation. Item format: trie.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "machines/network/allocator/items.h"
#include "machines/network/allocator/prefix.h"

namespace sluice {

struct Holder {
  std::string claim;  // what makes two claims identical, a uid as a rule; bytes, not empty
  std::string name;   // for people: "network/default/shop"
  friend bool operator==(const Holder&, const Holder&) = default;
};

struct Held {
  Prefix prefix;
  Holder holder;
  friend bool operator==(const Held&, const Held&) = default;
};

// The questions; for deciding.
class AllocatorView {
 public:
  explicit AllocatorView(const AllocatorItemsView& items) : items_(items) {}

  // The lowest free prefix of `length` bits inside `within`; empty when there is none, or when
  // `length` is no length for it.
  std::optional<Prefix> FindFree(const Prefix& within, int length) const;
  // The lowest held prefix that overlaps `prefix`.
  std::optional<Held> FindOverlap(const Prefix& prefix) const;
  std::optional<Prefix> GrantOf(std::string_view claim) const;
  // The first `limit` held prefixes of a family that lie at or behind `from`, in order of address.
  std::vector<Held> List(const Prefix& from, size_t limit) const;
  bool IsEmpty(Family family) const;

 private:
  const AllocatorItemsView& items_;
};

// The changes; for evolving, and for callers that do both in one step.
class Allocator : public AllocatorView {
 public:
  explicit Allocator(AllocatorItems& items) : AllocatorView(items), items_(items) {}

  // Holds exactly `prefix`. Refused, naming who is in the way, when something held overlaps it or
  // the claim has another prefix; the same claim with the same prefix is no change.
  [[nodiscard]] tl::expected<void, Held> Hold(const Prefix& prefix, const Holder& holder);
  // What the claim has already, else the lowest free prefix; empty when none fits.
  [[nodiscard]] std::optional<Prefix> Grant(const Prefix& within, int length, const Holder& holder);
  // Gives back what the claim has; empty when it has nothing.
  std::optional<Prefix> Release(std::string_view claim);

 private:
  AllocatorItems& items_;
};

}  // namespace sluice
