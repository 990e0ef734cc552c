#include "machines/network/holding/hold.h"
#include "machines/network/networkcontext/networkcontext.h"

namespace sluice {
namespace {

using M = NetworkContextMachine;

std::string ClaimKeyText(const NetworkContext& context, const std::string& name) {
  return EntityKey{"subnetclaim", context.metadata.namespace_, name}.ToString();
}

SubnetClaimItem ClaimItemOf(const NetworkContext& context, uint64_t ordinal) {
  return context.items.Get<SubnetClaimItem>(M::kClaims, BigEndianKey(ordinal))
      .value_or(SubnetClaimItem{});
}

void ShowPrefixes(NetworkContext& context) {
  context.status.ipv4_prefix = HeldPrefix(context.own.holds, "IPv4");
  context.status.ipv6_prefix = HeldPrefix(context.own.holds, "IPv6");
}

// The failure a context shows is its first failing claim's.
void ShowFailure(NetworkContext& context) {
  context.own.failure_reason.clear();
  context.own.failure_message.clear();
  for (const auto& [key, reference] :
       context.items.Scan<ReferenceItem>(M::kFailing, "", /*limit=*/1)) {
    const auto item = context.items.Get<SubnetClaimItem>(M::kClaims, key);
    context.own.failure_reason = item->failure_reason;
    context.own.failure_message = item->failure_message;
  }
}

void Mark(NetworkContext& context, CollectionId collection, const std::string& key, bool marked) {
  if (marked) {
    context.items.Put(collection, key, ReferenceItem{});
  } else {
    context.items.Erase<ReferenceItem>(collection, key);
  }
}

}  // namespace

std::string FittingKey(std::string_view subnet_class, std::string_view family, uint64_t ordinal) {
  return std::string(subnet_class) + '\0' + std::string(family) + '\0' + BigEndianKey(ordinal);
}

std::string RequestKey(uint64_t ordinal, uint32_t interface, std::string_view requester) {
  return BigEndianKey(ordinal) + BigEndianKey(interface) + std::string(requester);
}

void Evolve(NetworkContext& context, const NetworkContextNetworkSeen& event) {
  context.own.network = event.network;
}

void Evolve(NetworkContext& context, const NetworkContextReadied&) {
  context.status.phase = NetworkContextPhase::kReady;
}

void Evolve(NetworkContext& context, const NetworkContextUnreadied&) {
  context.status.phase = NetworkContextPhase::kPending;
}

void Evolve(NetworkContext& context, const ContextClaimAdded& event) {
  const std::string ordinal = BigEndianKey(event.ordinal);
  const SubnetClaimItem before = ClaimItemOf(context, event.ordinal);
  if (!before.name.empty()) {
    context.items.Erase<ReferenceItem>(M::kClaimNames, ClaimKeyText(context, before.name));
    context.items.Erase<ReferenceItem>(M::kOutcomes, BigEndianKey(before.outcome));
  }
  const SubnetClaimItem item{.name = event.name,
                             .subnet_class = event.subnet_class,
                             .ip_family = event.ip_family,
                             .prefix_length = event.prefix_length,
                             .outcome = event.outcome,
                             .taken = event.taken};
  if (context.items.Put(M::kClaims, ordinal, item)) ++context.status.claims;
  context.items.Put(M::kClaimNames, ClaimKeyText(context, event.name),
                    ReferenceItem{.key = ordinal});
  context.items.Put(M::kOutcomes, BigEndianKey(event.outcome), ReferenceItem{.key = ordinal});
  Mark(context, M::kFitting, FittingKey(event.subnet_class, event.ip_family, event.ordinal), true);
  context.own.next_claim = std::max(context.own.next_claim, event.ordinal + 1);
}

void Evolve(NetworkContext& context, const ContextClaimConfirmed& event) {
  SubnetClaimItem item = ClaimItemOf(context, event.ordinal);
  context.items.Erase<ReferenceItem>(M::kOutcomes, BigEndianKey(item.outcome));
  item.outcome = 0;
  item.confirmed = true;
  context.items.Put(M::kClaims, BigEndianKey(event.ordinal), item);
}

void Evolve(NetworkContext& context, const ContextClaimSeen& event) {
  SubnetClaimItem item = ClaimItemOf(context, event.ordinal);
  item.full = event.full;
  item.failure_reason = event.failure_reason;
  item.failure_message = event.failure_message;
  context.items.Put(M::kClaims, BigEndianKey(event.ordinal), item);
  Mark(context, M::kFitting, FittingKey(item.subnet_class, item.ip_family, event.ordinal),
       !event.full);
  Mark(context, M::kFailing, BigEndianKey(event.ordinal), !event.failure_reason.empty());
  ShowFailure(context);
}

void Evolve(NetworkContext& context, const ContextClaimRemoved& event) {
  const SubnetClaimItem item = ClaimItemOf(context, event.ordinal);
  const std::string ordinal = BigEndianKey(event.ordinal);
  if (!context.items.Erase<SubnetClaimItem>(M::kClaims, ordinal)) return;
  --context.status.claims;
  context.items.Erase<ReferenceItem>(M::kClaimNames, ClaimKeyText(context, item.name));
  context.items.Erase<ReferenceItem>(M::kOutcomes, BigEndianKey(item.outcome));
  Mark(context, M::kFitting, FittingKey(item.subnet_class, item.ip_family, event.ordinal), false);
  Mark(context, M::kFailing, ordinal, false);
  ShowFailure(context);
}

void Evolve(NetworkContext& context, const ContextClaimRequested& event) {
  context.items.Put(
      M::kRequests, RequestKey(event.ordinal, event.interface, event.requester),
      SubnetClaimRequestItem{.requester = event.requester, .interface = event.interface});
}

void Evolve(NetworkContext& context, const ContextClaimAnswered& event) {
  context.items.Erase<SubnetClaimRequestItem>(
      M::kRequests, RequestKey(event.ordinal, event.interface, event.requester));
}

void Evolve(NetworkContext& context, const PrefixAsked& event) {
  EvolveHold(context.own.holds, event);
}

void Evolve(NetworkContext& context, const PrefixHeld& event) {
  EvolveHold(context.own.holds, event);
  ShowPrefixes(context);
}

void Evolve(NetworkContext& context, const PrefixDenied& event) {
  EvolveHold(context.own.holds, event);
}

void Evolve(NetworkContext& context, const PrefixReturned& event) {
  EvolveHold(context.own.holds, event);
  ShowPrefixes(context);
}

void Evolve(NetworkContext& context, const PrefixAssigned& event) {
  EvolveAssigned(context.items, context.own.assigned, event);
}

void Evolve(NetworkContext& context, const PrefixUnassigned& event) {
  EvolveUnassigned(context.items, context.own.assigned, event);
}

void Evolve(NetworkContext& context, const RetryChanged& event) {
  context.status.retry = event.retry;
}

void Evolve(NetworkContext& context, const ProgrammingReported& event) {
  context.own.programming = event.programming;
}

void Evolve(NetworkContext& context, const CascadeRequested&) { context.own.cascade = true; }

}  // namespace sluice
