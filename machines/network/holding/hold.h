// The asking side of a prefix: what a network, context or subnet does to get its block from the
// level above, once per address family, and to give it back.
//
// A request is one follow-up; its answer is PrefixGranted or PrefixRefused, and its Outcome tells a
// rejection. What was refused is asked again after status.retry, or when the level above changed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/network.gen.h"
#include "machines/common/draft.h"
#include "machines/common/retry.h"
#include "machines/network/holding/block.h"

namespace sluice {

inline constexpr const char* kRetryTimer = "retry";

// The claim of one family: a re-created name has another uid, so it never gets an older one's.
std::string ClaimOf(const std::string& uid, std::string_view family);

const PrefixHold* FindHold(const std::vector<PrefixHold>& holds, std::string_view family);
// The prefix held of a family, or empty.
std::string HeldPrefix(const std::vector<PrefixHold>& holds, std::string_view family);
bool HoldsAll(const std::vector<PrefixHold>& holds, const std::vector<std::string>& families);
// The first refusal that stands, or null.
const PrefixHold* FirstDenied(const std::vector<PrefixHold>& holds);

void EvolveHold(std::vector<PrefixHold>& holds, const PrefixAsked& event);
void EvolveHold(std::vector<PrefixHold>& holds, const PrefixHeld& event);
void EvolveHold(std::vector<PrefixHold>& holds, const PrefixDenied& event);
void EvolveHold(std::vector<PrefixHold>& holds, const PrefixReturned& event);

template <class M>
void ScheduleRetry(Draft<M>& draft) {
  const Retry next = NextRetry(draft->status.retry, draft.now(), draft.context().Settings());
  draft.Emit(RetryChanged{.retry = next});
  draft.Arm(kRetryTimer, next.next_time);
}

// The waiting is over: by the timer, or because something awaited changed.
template <class M>
void EndRetryWait(Draft<M>& draft) {
  if (!draft->status.retry.next_time.IsSet()) return;
  draft.Emit(RetryChanged{.retry = {.attempt = draft->status.retry.attempt}});
  draft.Disarm(kRetryTimer);
}

template <class M>
void ResetRetry(Draft<M>& draft) {
  if (draft->status.retry == Retry{}) return;
  draft.Emit(RetryChanged{});
  draft.Disarm(kRetryTimer);
}

// Asks `giver` unless it is held, asked for, or waits for a retry.
template <class M>
void AskPrefix(Draft<M>& draft, const EntityKey& giver, const std::string& family, uint32_t length,
               const std::string& exact) {
  const PrefixHold* hold = FindHold(draft->own.holds, family);
  if (hold && (hold->asked || !hold->prefix.empty())) return;
  if (draft->status.retry.next_time.IsSet()) return;
  const uint64_t outcome =
      draft.SendForOutcome(giver, AcquirePrefix{.claim = ClaimOf(draft->metadata.uid, family),
                                                .holder = draft.context().self.ToString(),
                                                .family = family,
                                                .length = length,
                                                .exact = exact});
  draft.Emit(PrefixAsked{.family = family, .outcome = outcome});
}

template <class M>
void DenyPrefix(Draft<M>& draft, const std::string& family, std::string_view reason,
                const std::string& message) {
  draft.Emit(PrefixDenied{.family = family, .reason = std::string(reason), .message = message});
  ScheduleRetry(draft);
}

// False when the answer is of an earlier incarnation, or to nothing asked.
template <class M>
bool TakeGrant(Draft<M>& draft, const PrefixGranted& answer) {
  const PrefixHold* hold = FindHold(draft->own.holds, answer.family);
  if (answer.claim != ClaimOf(draft->metadata.uid, answer.family) || !hold || !hold->asked) {
    return false;
  }
  draft.Emit(PrefixHeld{.family = answer.family, .prefix = answer.prefix});
  ResetRetry(draft);
  return true;
}

template <class M>
bool TakeRefusal(Draft<M>& draft, const PrefixRefused& answer) {
  const PrefixHold* hold = FindHold(draft->own.holds, answer.family);
  if (answer.claim != ClaimOf(draft->metadata.uid, answer.family) || !hold || !hold->asked) {
    return false;
  }
  DenyPrefix(draft, answer.family, answer.reason, answer.message);
  return true;
}

// A request that was rejected as such.
template <class M>
bool TakeHoldOutcome(Draft<M>& draft, const Outcome& outcome) {
  if (outcome.accepted) return false;
  for (const PrefixHold& hold : draft->own.holds) {
    if (!hold.asked || hold.outcome != outcome.number) continue;
    DenyPrefix(draft, std::string(hold.family), kAddressAllocationRejected,
               outcome.code + ": " + outcome.message);
    return true;
  }
  return false;
}

// Gives back all that is held or asked for.
template <class M>
void ReturnPrefixes(Draft<M>& draft, const EntityKey& giver) {
  const std::vector<PrefixHold> holds = draft->own.holds;
  for (const PrefixHold& hold : holds) {
    if (!hold.asked && hold.prefix.empty()) continue;
    draft.Send(giver, ReleasePrefix{.claim = ClaimOf(draft->metadata.uid, hold.family)});
    draft.Emit(PrefixReturned{.family = hold.family});
  }
}

}  // namespace sluice
