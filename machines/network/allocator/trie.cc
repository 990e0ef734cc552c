#include "machines/network/allocator/trie.h"

#include <algorithm>

#include "events/result.h"

namespace sluice::trie {
namespace {

size_t AddressSize(Family family) { return family == Family::kIPv4 ? 4 : 16; }

char ToChar(int value) { return static_cast<char>(static_cast<uint8_t>(value)); }

uint8_t ToByte(char value) { return static_cast<uint8_t>(value); }

void AppendAddress(const Prefix& prefix, std::string* out) {
  for (size_t i = 0; i < AddressSize(prefix.family()); ++i) {
    out->push_back(static_cast<char>(static_cast<uint8_t>(prefix.bits() >> (120 - 8 * i))));
  }
}

Uint128 AddressBits(std::string_view bytes) {
  Uint128 bits = 0;
  for (size_t i = 0; i < bytes.size(); ++i) bits |= Uint128{ToByte(bytes[i])} << (120 - 8 * i);
  return bits;
}

std::string RootKey(Family family) { return {'t', ToChar(static_cast<int>(family))}; }

std::string BranchKey(const Prefix& prefix) { return "n" + PrefixBytes(prefix); }

void AppendRef(const Ref& ref, std::string* out) {
  out->push_back(ToChar(static_cast<int>(ref.kind)));
  out->push_back(ToChar(ref.prefix.length()));
  out->push_back(ToChar(ref.free));
  AppendAddress(ref.prefix, out);
}

size_t RefSize(Family family) { return 3 + AddressSize(family); }

Ref RefFromBytes(Family family, std::string_view bytes) {
  const int length = ToByte(bytes[1]);
  return {static_cast<RefKind>(ToByte(bytes[0])), ToByte(bytes[2]),
          Prefix::Of(family, AddressBits(bytes.substr(3)), length)};
}

// The largest free block in `region`, whose only inhabitant is `ref`.
uint8_t FreeIn(const Prefix& region, const Ref& ref) {
  if (ref.prefix.length() > region.length()) return static_cast<uint8_t>(region.length() + 1);
  return ref.free;
}

Ref HeldRef(const Prefix& prefix) { return {RefKind::kHeld, kNoFree, prefix}; }

Ref BranchRef(const Prefix& prefix, const Branch& branch) {
  return {RefKind::kBranch,
          std::min(FreeIn(prefix.Half(false), branch.halves[0]),
                   FreeIn(prefix.Half(true), branch.halves[1])),
          prefix};
}

void StoreRoot(AllocatorItems& items, Family family, const Ref& ref) {
  if (ref.kind == RefKind::kNone) return items.Erase(RootKey(family));
  std::string value;
  AppendRef(ref, &value);
  items.Put(RootKey(family), value);
}

void StoreBranch(AllocatorItems& items, const Prefix& prefix, const Branch& branch) {
  std::string value;
  AppendRef(branch.halves[0], &value);
  AppendRef(branch.halves[1], &value);
  items.Put(BranchKey(prefix), value);
}

// The branches passed on the way from the root, each with the half taken.
struct Step {
  Prefix prefix;
  Branch branch;
  bool upper = false;
};

// Puts `ref` where the last step points, and carries what changes up to the root.
void Replace(AllocatorItems& items, Family family, std::vector<Step> way, Ref ref) {
  while (!way.empty()) {
    Step step = way.back();
    way.pop_back();
    Ref& slot = step.branch.halves[step.upper ? 1 : 0];
    if (slot == ref) return;
    slot = ref;
    StoreBranch(items, step.prefix, step.branch);
    ref = BranchRef(step.prefix, step.branch);
  }
  StoreRoot(items, family, ref);
}

// Goes down while branches contain `prefix`; the result is the first reference that is none.
Ref Descend(const AllocatorItemsView& items, const Prefix& prefix, std::vector<Step>* way) {
  Ref ref = LoadRoot(items, prefix.family());
  while (ref.kind == RefKind::kBranch && ref.prefix.Contains(prefix) && ref.prefix != prefix) {
    const Branch branch = LoadBranch(items, ref.prefix);
    const bool upper = prefix.Bit(ref.prefix.length());
    way->push_back({ref.prefix, branch, upper});
    ref = branch.halves[upper ? 1 : 0];
  }
  return ref;
}

// The lowest held prefix below `ref`, where a descent for `prefix` ended, that overlaps it.
std::optional<Prefix> LowestOverlap(const AllocatorItemsView& items, Ref ref,
                                    const Prefix& prefix) {
  if (ref.kind == RefKind::kNone || !ref.prefix.Overlaps(prefix)) return std::nullopt;
  while (ref.kind == RefKind::kBranch) ref = LoadBranch(items, ref.prefix).halves[0];
  return ref.prefix;
}

// `ref` lies inside `region` and is all that is held there.
std::optional<Prefix> LowestFit(const AllocatorItemsView& items, Prefix region, Ref ref,
                                int length) {
  while (true) {
    // Between the region and the reference every buddy on the way is free: those below it first.
    const int deepest = std::min(ref.prefix.length(), length);
    for (int d = region.length() + 1; d <= deepest; ++d) {
      if (ref.prefix.Bit(d - 1)) return ref.prefix.BuddyAt(d).First(length);
    }
    if (ref.free > length) {
      for (int d = deepest; d > region.length(); --d) {
        if (!ref.prefix.Bit(d - 1)) return ref.prefix.BuddyAt(d).First(length);
      }
      return std::nullopt;
    }
    const Branch branch = LoadBranch(items, ref.prefix);
    const bool upper = FreeIn(ref.prefix.Half(false), branch.halves[0]) > length;
    region = ref.prefix.Half(upper);
    ref = branch.halves[upper ? 1 : 0];
  }
}

}  // namespace

std::string PrefixBytes(const Prefix& prefix) {
  std::string bytes(1, ToChar(static_cast<int>(prefix.family())));
  AppendAddress(prefix, &bytes);
  bytes.push_back(ToChar(prefix.length()));
  return bytes;
}

std::optional<Prefix> PrefixFromBytes(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto family = static_cast<Family>(ToByte(bytes.front()));
  if (family != Family::kIPv4 && family != Family::kIPv6) return std::nullopt;
  if (bytes.size() != 2 + AddressSize(family)) return std::nullopt;
  const int length = ToByte(bytes.back());
  if (length > BitsOf(family)) return std::nullopt;
  return Prefix::Of(family, AddressBits(bytes.substr(1, AddressSize(family))), length);
}

std::string HeldKey(const Prefix& prefix) { return "h" + PrefixBytes(prefix); }

std::string GrantKey(std::string_view claim) { return "u" + std::string(claim); }

Ref LoadRoot(const AllocatorItemsView& items, Family family) {
  const auto value = items.Get(RootKey(family));
  return value ? RefFromBytes(family, *value) : Ref{};
}

Branch LoadBranch(const AllocatorItemsView& items, const Prefix& prefix) {
  const auto value = items.Get(BranchKey(prefix));
  const size_t size = RefSize(prefix.family());
  if (!value || value->size() != 2 * size) {
    throw InvariantViolation("allocator: no branch at " + prefix.ToString());
  }
  const std::string_view bytes = *value;
  return {{RefFromBytes(prefix.family(), bytes.substr(0, size)),
           RefFromBytes(prefix.family(), bytes.substr(size))}};
}

std::optional<Prefix> FindFree(const AllocatorItemsView& items, const Prefix& within, int length) {
  if (length < within.length() || length > BitsOf(within.family())) return std::nullopt;
  std::vector<Step> way;
  const Ref ref = Descend(items, within, &way);
  if (ref.kind == RefKind::kNone || !ref.prefix.Overlaps(within)) return within.First(length);
  if (ref.kind == RefKind::kHeld && ref.prefix.Contains(within)) return std::nullopt;
  return LowestFit(items, within, ref, length);
}

std::optional<Prefix> FindOverlap(const AllocatorItemsView& items, const Prefix& prefix) {
  std::vector<Step> way;
  return LowestOverlap(items, Descend(items, prefix, &way), prefix);
}

std::optional<Prefix> Insert(AllocatorItems& items, const Prefix& prefix) {
  std::vector<Step> way;
  const Ref ref = Descend(items, prefix, &way);
  if (ref.kind == RefKind::kNone) {
    StoreRoot(items, prefix.family(), HeldRef(prefix));
    return std::nullopt;
  }
  if (const auto overlap = LowestOverlap(items, ref, prefix)) return overlap;
  const Prefix common = CommonPrefix(prefix, ref.prefix);
  const bool upper = prefix.Bit(common.length());
  Branch branch;
  branch.halves[upper ? 1 : 0] = HeldRef(prefix);
  branch.halves[upper ? 0 : 1] = ref;
  StoreBranch(items, common, branch);
  Replace(items, prefix.family(), std::move(way), BranchRef(common, branch));
  return std::nullopt;
}

void Remove(AllocatorItems& items, const Prefix& prefix) {
  std::vector<Step> way;
  const Ref ref = Descend(items, prefix, &way);
  if (ref.kind != RefKind::kHeld || ref.prefix != prefix) {
    throw InvariantViolation("allocator: " + prefix.ToString() + " is not held");
  }
  if (way.empty()) return StoreRoot(items, prefix.family(), {});
  const Step last = way.back();
  way.pop_back();
  items.Erase(BranchKey(last.prefix));
  Replace(items, prefix.family(), std::move(way), last.branch.halves[last.upper ? 0 : 1]);
}

}  // namespace sluice::trie
