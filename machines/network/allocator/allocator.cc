#include "machines/network/allocator/allocator.h"

#include "events/result.h"
#include "machines/network/allocator/trie.h"

namespace sluice {
namespace {

constexpr size_t kMaxClaimSize = 255;

std::string HolderBytes(const Holder& holder) {
  std::string bytes(1, static_cast<char>(static_cast<uint8_t>(holder.claim.size())));
  return bytes + holder.claim + holder.name;
}

Holder HolderFromBytes(std::string_view bytes) {
  const size_t size = static_cast<uint8_t>(bytes.at(0));
  return {std::string(bytes.substr(1, size)), std::string(bytes.substr(1 + size))};
}

}  // namespace

std::optional<Prefix> AllocatorView::FindFree(const Prefix& within, int length) const {
  return trie::FindFree(items_, within, length);
}

std::optional<Held> AllocatorView::FindOverlap(const Prefix& prefix) const {
  const auto found = trie::FindOverlap(items_, prefix);
  if (!found) return std::nullopt;
  const auto value = items_.Get(trie::HeldKey(*found));
  if (!value) throw InvariantViolation("allocator: no holder of " + found->ToString());
  return Held{*found, HolderFromBytes(*value)};
}

std::optional<Prefix> AllocatorView::GrantOf(std::string_view claim) const {
  const auto value = items_.Get(trie::GrantKey(claim));
  return value ? trie::PrefixFromBytes(*value) : std::nullopt;
}

std::vector<Held> AllocatorView::List(const Prefix& from, size_t limit) const {
  std::vector<Held> list;
  const std::string first = trie::HeldKey(from);
  for (const auto& [key, value] : items_.ScanFrom(first, limit)) {
    // Another family or another sort of item: behind the last one.
    if (key.size() != first.size() || key.compare(0, 2, first, 0, 2) != 0) break;
    list.push_back(
        {*trie::PrefixFromBytes(std::string_view(key).substr(1)), HolderFromBytes(value)});
  }
  return list;
}

bool AllocatorView::IsEmpty(Family family) const {
  return trie::LoadRoot(items_, family).kind == trie::RefKind::kNone;
}

tl::expected<void, Held> Allocator::Hold(const Prefix& prefix, const Holder& holder) {
  if (holder.claim.empty() || holder.claim.size() > kMaxClaimSize) {
    throw InvariantViolation("allocator: a claim has 1 to 255 bytes");
  }
  if (const auto grant = GrantOf(holder.claim)) {
    if (*grant == prefix) return {};
    return tl::unexpected(*FindOverlap(*grant));
  }
  if (const auto overlap = trie::Insert(items_, prefix)) {
    return tl::unexpected(*FindOverlap(*overlap));
  }
  items_.Put(trie::HeldKey(prefix), HolderBytes(holder));
  items_.Put(trie::GrantKey(holder.claim), trie::PrefixBytes(prefix));
  return {};
}

std::optional<Prefix> Allocator::Grant(const Prefix& within, int length, const Holder& holder) {
  if (const auto grant = GrantOf(holder.claim)) return grant;
  const auto free = FindFree(within, length);
  if (!free || !Hold(*free, holder)) return std::nullopt;
  return free;
}

std::optional<Prefix> Allocator::Release(std::string_view claim) {
  const auto grant = GrantOf(claim);
  if (!grant) return std::nullopt;
  trie::Remove(items_, *grant);
  items_.Erase(trie::HeldKey(*grant));
  items_.Erase(trie::GrantKey(claim));
  return grant;
}

}  // namespace sluice
