#include "machines/common/generic_commands.h"
#include "machines/common/observed.h"
#include "machines/network/holding/cascade.h"
#include "machines/network/holding/programming.h"
#include "machines/network/subnet/subnet.h"

namespace sluice {
namespace {

using M = SubnetMachine;

// One address per interface of a holder.
std::string AddressClaim(const std::string& holder, uint32_t interface) {
  return holder + "/" + std::to_string(interface);
}

void Refuse(Draft<M>& draft, const AcquireAddress& command, std::string_view reason,
            std::string message) {
  draft.Send(KeyOrDie(command.requester), AddressRefused{.subnet = draft.context().self.name,
                                                         .interface = command.interface,
                                                         .reason = std::string(reason),
                                                         .message = std::move(message)});
}

}  // namespace

DecideResult Decide(const Subnet& subnet, const AcquireAddress& command,
                    const DecideContext& context) {
  Draft<M> draft(subnet, context);
  const std::string claim = AddressClaim(command.holder, command.interface);
  const EntityItemsView items(subnet.items);
  const AllocatorView allocator(items);
  std::optional<Prefix> address = subnet.Exists() ? allocator.GrantOf(claim) : std::nullopt;
  const bool is_new = !address;
  if (!address) {
    if (!subnet.Exists() || subnet.status.phase != SubnetPhase::kReady) {
      Refuse(draft, command, "SubnetNotReady", "Subnet " + context.self.name + " is not ready");
      return draft.Take();
    }
    const Prefix block = *Prefix::Parse(subnet.status.prefix);
    address = allocator.FindFree(block, BitsOf(block.family()));
  }
  if (!address) {
    Refuse(draft, command, kAddressPoolExhausted, "no free address in " + subnet.status.prefix);
    return draft.Take();
  }
  if (is_new) {
    draft.Emit(
        PrefixAssigned{.claim = claim, .holder = command.requester, .prefix = address->ToString()});
  }
  draft.Send(KeyOrDie(command.requester), AddressGranted{.subnet = context.self.name,
                                                         .interface = command.interface,
                                                         .address = address->AddressToString(),
                                                         .prefix = subnet.status.prefix,
                                                         .gateway = subnet.status.gateway});
  return draft.Take();
}

// Answered whatever was held, so that who asks can go on.
DecideResult Decide(const Subnet& subnet, const ReleaseAddress& command,
                    const DecideContext& context) {
  Draft<M> draft(subnet, context);
  if (subnet.Exists() && ReleaseClaim(draft, AddressClaim(command.holder, command.interface)) &&
      subnet.IsDeleting()) {
    M::Settle(draft);
  }
  draft.Send(KeyOrDie(command.requester),
             AddressReleased{.subnet = context.self.name, .interface = command.interface});
  return draft.Take();
}

DecideResult Decide(const Subnet& subnet, const Delete& command, const DecideContext& context) {
  return DecideDelete<M>(subnet, command, context);
}

DecideResult Decide(const Subnet& subnet, const TimerDue& timer, const DecideContext& context) {
  Draft<M> draft(subnet, context);
  if (timer.id == kRetryTimer) EndRetryWait(draft);
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Subnet& subnet, const Observed& seen, const DecideContext& context) {
  const EntityKey expected{"networkcontext", context.self.namespace_,
                           subnet.spec.network_context.name};
  if (subnet.IsDeleting() || seen.subject != expected.ToString()) return Ignore();
  SubnetContextSeen now{.phase = "Absent"};
  if (!IsGone(seen)) now = {.uid = seen.uid, .phase = seen.phase};
  if (const auto* detail = seen.detail.As<NetworkContextDetail>()) {
    now.prefix = subnet.spec.ip_family == "IPv4" ? detail->ipv4_prefix : detail->ipv6_prefix;
  }
  if (now == subnet.own.context) return Ignore();
  Draft<M> draft(subnet, context);
  if (now.prefix != subnet.own.context.prefix) EndRetryWait(draft);
  draft.Emit(SubnetContextChanged{.context = std::move(now)});
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Subnet& subnet, const Outcome& outcome, const DecideContext& context) {
  Draft<M> draft(subnet, context);
  if (subnet.IsDeleting() || !TakeHoldOutcome(draft, outcome)) return Ignore();
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Subnet& subnet, const PrefixGranted& answer,
                    const DecideContext& context) {
  Draft<M> draft(subnet, context);
  if (subnet.IsDeleting() || !TakeGrant(draft, answer)) return Ignore();
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Subnet& subnet, const PrefixRefused& answer,
                    const DecideContext& context) {
  Draft<M> draft(subnet, context);
  if (subnet.IsDeleting() || !TakeRefusal(draft, answer)) return Ignore();
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Subnet& subnet, const NetworkReportProgrammed& report,
                    const DecideContext& context) {
  Draft<M> draft(subnet, context);
  if (subnet.IsDeleting() || !TakeReport(draft, report)) return Ignore();
  M::Settle(draft);
  return draft.Take();
}

// The holders of addresses are asked to go only by `cascade`.
void SubnetMachine::Cascade(Draft<SubnetMachine>& draft, const std::string& cursor) {
  if (!draft->own.cascade || draft->status.prefix.empty()) return;
  const EntityItemsView items(draft->items);
  const auto from = Prefix::Parse(cursor.empty() ? draft->status.prefix : cursor);
  const auto share = AllocatorView(items).List(*from, kCascadeShare);
  for (const Held& held : share) {
    const bool again = held.prefix.ToString() == cursor;
    if (!held.holder.name.empty() && !again) draft.Send(KeyOrDie(held.holder.name), Delete{});
  }
  if (share.size() == kCascadeShare) {
    draft.Send(draft.context().self, ContinueCascade{.cursor = share.back().prefix.ToString()});
  }
}

DecideResult Decide(const Subnet& subnet, const ContinueCascade& command,
                    const DecideContext& context) {
  Draft<M> draft(subnet, context);
  if (subnet.IsDeleting()) M::Cascade(draft, command.cursor);
  return draft.Take();
}

}  // namespace sluice
