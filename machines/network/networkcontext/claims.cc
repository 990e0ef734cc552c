// The claims of a context: made for who asks, `<context>-0` first, given to all who fit, asked to
// go with the context.
#include "machines/common/names.h"
#include "machines/common/observed.h"
#include "machines/network/holding/cascade.h"
#include "machines/network/holding/programming.h"
#include "machines/network/networkcontext/networkcontext.h"

namespace sluice {
namespace {

using M = NetworkContextMachine;

constexpr std::string_view kPrivate = "private";
// Of a subnet, unless the context's block is smaller. The largest deployment fits into one of IPv4,
// so few of its instances find one full and ask again; where no such block is left, smaller ones
// do.
struct SubnetLengths {
  int usual;
  int longest;
};
constexpr SubnetLengths kIPv4Lengths{22, 24};
constexpr SubnetLengths kIPv6Lengths{80, 80};

EntityKey ClaimEntity(const Draft<M>& draft, const std::string& name) {
  return {"subnetclaim", draft.context().self.namespace_, name};
}

uint64_t OrdinalOf(std::string_view key) {
  uint64_t ordinal = 0;
  for (const char c : key.substr(key.size() - 8)) {
    ordinal = ordinal << 8 | static_cast<unsigned char>(c);
  }
  return ordinal;
}

void Refuse(Draft<M>& draft, const EnsureClaim& command, std::string_view reason,
            const std::string& message) {
  draft.Send(KeyOrDie(command.requester), ClaimRefused{.context = draft.context().self.name,
                                                       .interface = command.interface,
                                                       .reason = std::string(reason),
                                                       .message = message});
}

void Answer(Draft<M>& draft, const std::string& requester, uint32_t interface,
            const std::string& claim) {
  draft.Send(
      KeyOrDie(requester),
      ClaimEnsured{.context = draft.context().self.name, .interface = interface, .claim = claim});
}

// Asks for a claim under its name, or the next one after names that are another's.
void CreateClaim(Draft<M>& draft, uint64_t ordinal, const SubnetClaimItem& wanted, uint32_t taken) {
  const EntityKey& self = draft.context().self;
  std::vector<std::string> parts = {self.name, std::to_string(ordinal)};
  std::string name = DerivedName(parts);
  if (taken > 0) {
    if (taken > 1) parts.push_back(std::to_string(taken));
    name = DerivedNameWithHash(parts);
  }
  SubnetClaimCreate create;
  create.spec.subnet_class = wanted.subnet_class;
  create.spec.ip_family = wanted.ip_family;
  create.spec.network_context.name = self.name;
  create.spec.location = draft->spec.location;
  create.spec.prefix_length = wanted.prefix_length;
  create.owner = OwnerReference{.kind = std::string(M::kName),
                                .namespace_ = self.namespace_,
                                .name = self.name,
                                .uid = draft->metadata.uid};
  const uint64_t outcome = draft.SendForOutcome(ClaimEntity(draft, name), std::move(create));
  draft.Emit(ContextClaimAdded{.ordinal = ordinal,
                               .name = name,
                               .subnet_class = wanted.subnet_class,
                               .ip_family = wanted.ip_family,
                               .prefix_length = wanted.prefix_length,
                               .outcome = outcome,
                               .taken = taken});
}

// The first claim of the class and family with room, but for the one the asker found full.
std::optional<uint64_t> FindFitting(const NetworkContext& context, const std::string& subnet_class,
                                    const std::string& family, const std::string& exhausted) {
  const std::string first = FittingKey(subnet_class, family, 0);
  const std::string_view prefix = std::string_view(first).substr(0, first.size() - 8);
  for (const auto& [key, reference] :
       context.items.Scan<ReferenceItem>(M::kFitting, first, /*limit=*/2)) {
    if (!key.starts_with(prefix)) return std::nullopt;
    const uint64_t ordinal = OrdinalOf(key);
    const auto item = context.items.Get<SubnetClaimItem>(M::kClaims, BigEndianKey(ordinal));
    if (item->name != exhausted) return ordinal;
  }
  return std::nullopt;
}

// Answers a share of those who wait for a claim; one without a name was not made.
void AnswerShare(Draft<M>& draft, uint64_t ordinal, const std::string& claim) {
  const std::string prefix = BigEndianKey(ordinal);
  size_t answered = 0;
  for (const auto& [key, item] :
       draft->items.Scan<SubnetClaimRequestItem>(M::kRequests, prefix, kCascadeShare + 1)) {
    if (!key.starts_with(prefix)) return;
    if (answered++ == kCascadeShare) {
      draft.Send(draft.context().self, AnswerRequests{.ordinal = ordinal});
      return;
    }
    if (claim.empty()) {
      Refuse(draft, {.requester = item.requester, .interface = item.interface},
             "NetworkContextNotReady", draft.context().self.name + " is being deleted");
    } else {
      Answer(draft, item.requester, item.interface, claim);
    }
    draft.Emit(ContextClaimAnswered{
        .ordinal = ordinal, .requester = item.requester, .interface = item.interface});
  }
}

// A new claim of the class and family, or the reason why its subnet could not get a prefix.
std::optional<std::string> MakeClaim(Draft<M>& draft, const std::string& subnet_class,
                                     const std::string& family) {
  const auto block = Prefix::Parse(HeldPrefix(draft->own.holds, family));
  if (!block) return "no " + family + " prefix is allocated";
  const SubnetLengths& lengths = family == "IPv4" ? kIPv4Lengths : kIPv6Lengths;
  const int longest = std::max(lengths.longest, block->length());
  const EntityItemsView items(draft->items);
  const AllocatorView allocator(items);
  int length = std::max(lengths.usual, block->length());
  while (!allocator.FindFree(*block, length)) {
    if (++length > longest) {
      return fmt::format("no free /{} in {}", longest, block->ToString());
    }
  }
  CreateClaim(draft, draft->own.next_claim,
              {.subnet_class = subnet_class,
               .ip_family = family,
               .prefix_length = static_cast<uint32_t>(length)},
              0);
  return std::nullopt;
}

}  // namespace

DecideResult Decide(const NetworkContext& context, const EnsureClaim& command,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  if (!context.Exists() || context.IsDeleting() || context.own.holds.empty()) {
    Refuse(draft, command, "NetworkContextNotReady",
           "Network context " + decide.self.name + " is not ready");
    return draft.Take();
  }
  const std::string subnet_class =
      command.subnet_class.empty() ? std::string(kPrivate) : command.subnet_class;
  const std::string family =
      command.ip_family.empty() ? context.own.network.ip_families.front() : command.ip_family;
  std::optional<uint64_t> ordinal = FindFitting(context, subnet_class, family, command.exhausted);
  if (!ordinal) {
    ordinal = context.own.next_claim;
    if (const auto fault = MakeClaim(draft, subnet_class, family)) {
      Refuse(draft, command, kAddressPoolExhausted, decide.self.ToString() + ": " + *fault);
      return draft.Take();
    }
  }
  const auto item = draft->items.Get<SubnetClaimItem>(M::kClaims, BigEndianKey(*ordinal));
  if (item->confirmed) {
    Answer(draft, command.requester, command.interface, item->name);
  } else {
    draft.Emit(ContextClaimRequested{
        .ordinal = *ordinal, .requester = command.requester, .interface = command.interface});
  }
  return draft.Take();
}

DecideResult Decide(const NetworkContext& context, const AnswerRequests& command,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  const auto item = context.items.Get<SubnetClaimItem>(M::kClaims, BigEndianKey(command.ordinal));
  AnswerShare(draft, command.ordinal, item ? item->name : "");
  if (context.IsDeleting()) M::Settle(draft);
  return draft.Take();
}

// Of a Create, or of a request to the network.
DecideResult Decide(const NetworkContext& context, const Outcome& outcome,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  const auto created = context.items.Get<ReferenceItem>(M::kOutcomes, BigEndianKey(outcome.number));
  if (!created) {
    if (context.IsDeleting() || !TakeHoldOutcome(draft, outcome)) return Ignore();
    M::Settle(draft);
    return draft.Take();
  }
  const uint64_t ordinal = OrdinalOf(created->key);
  const auto item = context.items.Get<SubnetClaimItem>(M::kClaims, created->key);
  if (outcome.accepted) {
    draft.Emit(ContextClaimConfirmed{.ordinal = ordinal});
    AnswerShare(draft, ordinal, item->name);
    if (context.IsDeleting()) {
      draft.Send(ClaimEntity(draft, item->name),
                 Delete{.expected_uid = outcome.uid, .cascade = context.own.cascade});
    }
  } else if (context.IsDeleting()) {
    draft.Emit(ContextClaimRemoved{.ordinal = ordinal});
    AnswerShare(draft, ordinal, "");
    M::Settle(draft);
  } else {
    CreateClaim(draft, ordinal, *item, item->taken + 1);
  }
  return draft.Take();
}

// The network, or a claim of ours.
DecideResult Decide(const NetworkContext& context, const Observed& seen,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  const EntityKey network{"network", decide.self.namespace_, context.spec.network.name};
  if (seen.subject == network.ToString()) {
    if (context.IsDeleting()) return Ignore();
    NetworkSeen now{.phase = "Absent"};
    if (!IsGone(seen)) now = {.uid = seen.uid, .phase = seen.phase, .ready = seen.ready};
    if (const auto* detail = seen.detail.As<NetworkDetail>()) {
      now.ip_families = detail->ip_families;
      now.failure_reason = detail->failure_reason;
      now.failure_message = detail->failure_message;
    } else {
      now.ip_families = context.own.network.ip_families;
    }
    if (now == context.own.network) return Ignore();
    if (!(now.ready == context.own.network.ready)) EndRetryWait(draft);
    draft.Emit(NetworkContextNetworkSeen{.network = std::move(now)});
    M::Settle(draft);
    return draft.Take();
  }
  const auto known = context.items.Get<ReferenceItem>(M::kClaimNames, seen.subject);
  if (!known) return Ignore();
  const uint64_t ordinal = OrdinalOf(known->key);
  const auto item = context.items.Get<SubnetClaimItem>(M::kClaims, known->key);
  if (IsGone(seen)) {
    if (!item->confirmed) return Ignore();
    draft.Emit(ContextClaimRemoved{.ordinal = ordinal});
    M::Settle(draft);
    return draft.Take();
  }
  const auto* detail = seen.detail.As<SubnetClaimDetail>();
  if (!detail || (detail->full == item->full && detail->failure_reason == item->failure_reason &&
                  detail->failure_message == item->failure_message)) {
    return Ignore();
  }
  draft.Emit(ContextClaimSeen{.ordinal = ordinal,
                              .full = detail->full,
                              .failure_reason = detail->failure_reason,
                              .failure_message = detail->failure_message});
  return draft.Take();
}

// Deletion always asks the claims; they hand `cascade` on.
void NetworkContextMachine::Cascade(Draft<NetworkContextMachine>& draft,
                                    const std::string& cursor) {
  const std::string from = cursor.empty() ? "" : cursor + '\0';
  const auto share = draft->items.Scan<SubnetClaimItem>(kClaims, from, kCascadeShare);
  for (const auto& [key, item] : share) {
    if (!item.confirmed) continue;  // Its Outcome asks it.
    draft.Send(ClaimEntity(draft, item.name), Delete{.cascade = draft->own.cascade});
  }
  if (share.size() == kCascadeShare) {
    draft.Send(draft.context().self, ContinueCascade{.cursor = share.back().first});
    return;
  }
  if (!draft->own.cascade) return;
  // Subnets of claims made by hand, and our own once more.
  for (const std::string family : {"IPv4", "IPv6"}) {
    for (const std::string& holder : HoldersOf(draft->items, family, kCascadeShare)) {
      draft.Send(KeyOrDie(holder), Delete{.cascade = true});
    }
  }
}

DecideResult Decide(const NetworkContext& context, const ContinueCascade& command,
                    const DecideContext& decide) {
  Draft<M> draft(context, decide);
  if (context.IsDeleting()) M::Cascade(draft, command.cursor);
  return draft.Take();
}

}  // namespace sluice
