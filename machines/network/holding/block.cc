#include "machines/network/holding/block.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice {
namespace {

Acquired Refused(std::string_view reason, std::string message) {
  return {std::nullopt, false, std::string(reason), std::move(message)};
}

Acquired AcquireExact(const AllocatorView& allocator, const std::vector<Prefix>& blocks,
                      bool anywhere, const Prefix& wanted, std::string_view giver) {
  const bool inside = std::any_of(blocks.begin(), blocks.end(),
                                  [&](const Prefix& block) { return block.Contains(wanted); });
  if (!inside && !anywhere) {
    return Refused(kRangeUnsupported,
                   fmt::format("{} lies outside of {}", wanted.ToString(), giver));
  }
  if (const auto overlap = allocator.FindOverlap(wanted)) {
    return Refused(kRangeOccupied, fmt::format("{} overlaps {} of {}", wanted.ToString(),
                                               overlap->prefix.ToString(), overlap->holder.name));
  }
  return {wanted, true, "", ""};
}

}  // namespace

Acquired Acquire(const AllocatorView& allocator, const std::vector<Prefix>& blocks, bool anywhere,
                 const AcquirePrefix& command, std::string_view giver) {
  if (const auto grant = allocator.GrantOf(command.claim)) {
    if (command.exact.empty() || grant->ToString() == command.exact) return {grant, false, "", ""};
    return Refused(kAddressAllocationRejected,
                   fmt::format("{} is still held instead of {}", grant->ToString(), command.exact));
  }
  if (!command.exact.empty()) {
    const auto wanted = Prefix::Parse(command.exact);
    if (!wanted) return Refused(kRangeUnsupported, wanted.error());
    return AcquireExact(allocator, blocks, anywhere, *wanted, giver);
  }
  std::string tried;
  for (const Prefix& block : blocks) {
    if (const auto free = allocator.FindFree(block, static_cast<int>(command.length))) {
      return {free, true, "", ""};
    }
    tried += (tried.empty() ? "" : ", ") + block.ToString();
  }
  if (tried.empty()) {
    return Refused(kAddressPoolExhausted, fmt::format("{} has no {}", giver, command.family));
  }
  return Refused(kAddressPoolExhausted,
                 fmt::format("no free /{} in {} of {}", command.length, tried, giver));
}

std::vector<Prefix> BlocksOf(const std::vector<std::string>& texts, std::string_view family) {
  std::vector<Prefix> blocks;
  for (const std::string& text : texts) {
    const auto prefix = Prefix::Parse(text);
    if (prefix && ToString(prefix->family()) == family) blocks.push_back(*prefix);
  }
  return blocks;
}

void EvolveAssigned(Items& items, uint64_t& count, const PrefixAssigned& event) {
  EntityItems adapted(items);
  const auto prefix = Prefix::Parse(event.prefix);
  if (!prefix) throw InvariantViolation("assigned " + prefix.error());
  const auto held = Allocator(adapted).Hold(*prefix, {event.claim, event.holder});
  if (!held) {
    throw InvariantViolation(fmt::format("{} assigned to {} overlaps {} of {}", event.prefix,
                                         event.holder, held.error().prefix.ToString(),
                                         held.error().holder.name));
  }
  ++count;
}

void EvolveUnassigned(Items& items, uint64_t& count, const PrefixUnassigned& event) {
  EntityItems adapted(items);
  if (!Allocator(adapted).Release(event.claim)) {
    throw InvariantViolation("nothing is assigned to " + event.claim);
  }
  --count;
}

std::vector<std::string> HoldersOf(const Items& items, std::string_view family, size_t limit) {
  const EntityItemsView adapted(items);
  const Family wanted = family == ToString(Family::kIPv6) ? Family::kIPv6 : Family::kIPv4;
  std::vector<std::string> holders;
  // At most three of a block are reserved.
  for (const Held& held : AllocatorView(adapted).List(Prefix::All(wanted), limit + 3)) {
    if (!held.holder.name.empty() && holders.size() < limit) holders.push_back(held.holder.name);
  }
  return holders;
}

}  // namespace sluice
