// The giving side of a prefix: a pool gives to networks, a network to contexts, a context to
// subnets, a subnet to interfaces. Its state is an allocator in the entity's items and a count
// beside them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/common/draft.h"
#include "machines/common/step.h"
#include "machines/network/allocator/allocator.h"
#include "machines/network/holding/entity_items.h"

namespace sluice {

inline constexpr std::string_view kAddressPoolExhausted = "AddressPoolExhausted";
inline constexpr std::string_view kRangeOccupied = "RangeOccupied";
inline constexpr std::string_view kRangeUnsupported = "RangeUnsupported";
inline constexpr std::string_view kAddressAllocationRejected = "AddressAllocationRejected";

// What an AcquirePrefix comes to: a prefix, new or held already, or why there is none.
struct Acquired {
  std::optional<Prefix> prefix;
  bool is_new = false;
  std::string reason;
  std::string message;
};

// `blocks` is what prefixes are cut from, in order of preference; an exact range may lie outside
// when `anywhere` is set. `giver` names the level, for messages.
Acquired Acquire(const AllocatorView& allocator, const std::vector<Prefix>& blocks, bool anywhere,
                 const AcquirePrefix& command, std::string_view giver);

// The prefixes of `texts` that are of `family`. Text that does not parse was refused when applied.
std::vector<Prefix> BlocksOf(const std::vector<std::string>& texts, std::string_view family);

// Evolve, for all of them. Throws InvariantViolation when a prefix has a holder already: I-network,
// a prefix has at most one holder.
void EvolveAssigned(Items& items, uint64_t& count, const PrefixAssigned& event);
void EvolveUnassigned(Items& items, uint64_t& count, const PrefixUnassigned& event);

// The first `limit` holders, by address. Reserved addresses are nobody's.
std::vector<std::string> HoldersOf(const Items& items, std::string_view family, size_t limit);

// Answers an AcquirePrefix: the same claim gets the same prefix.
template <class M>
void AnswerAcquire(Draft<M>& draft, const AcquirePrefix& command, const std::vector<Prefix>& blocks,
                   bool anywhere) {
  const EntityItemsView items(draft->items);
  const Acquired acquired =
      Acquire(AllocatorView(items), blocks, anywhere, command, draft.context().self.ToString());
  const EntityKey holder = KeyOrDie(command.holder);
  if (!acquired.prefix) {
    draft.Send(holder, PrefixRefused{.claim = command.claim,
                                     .family = command.family,
                                     .reason = acquired.reason,
                                     .message = acquired.message});
    return;
  }
  const std::string text = acquired.prefix->ToString();
  if (acquired.is_new) {
    draft.Emit(PrefixAssigned{.claim = command.claim, .holder = command.holder, .prefix = text});
  }
  draft.Send(holder,
             PrefixGranted{.claim = command.claim, .family = command.family, .prefix = text});
}

template <class M>
void RefuseAcquire(Draft<M>& draft, const AcquirePrefix& command, std::string_view reason,
                   std::string message) {
  draft.Send(KeyOrDie(command.holder), PrefixRefused{.claim = command.claim,
                                                     .family = command.family,
                                                     .reason = std::string(reason),
                                                     .message = std::move(message)});
}

// True when the claim had something.
template <class M>
bool ReleaseClaim(Draft<M>& draft, const std::string& claim) {
  const EntityItemsView items(draft->items);
  if (!AllocatorView(items).GrantOf(claim)) return false;
  draft.Emit(PrefixUnassigned{.claim = claim});
  return true;
}

}  // namespace sluice
