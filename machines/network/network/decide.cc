#include "machines/common/generic_commands.h"
#include "machines/network/holding/cascade.h"
#include "machines/network/holding/hold.h"
#include "machines/network/network/network.h"

namespace sluice {
namespace {

using M = NetworkMachine;

// Ranges are fixed from the moment they are asked for.
bool HasRanges(const Network& network) {
  for (const PrefixHold& hold : network.own.holds) {
    if (hold.asked || !hold.prefix.empty()) return true;
  }
  return false;
}

}  // namespace

DecideResult Decide(const Network& network, const NetworkApply& command,
                    const DecideContext& context) {
  if (network.Exists() && !network.IsDeleting() && HasRanges(network)) {
    NetworkSpec wanted = command.spec;
    M::Default(wanted, context);
    const char* held = "can't be changed while a range is held";
    FieldErrors errors;
    if (!(wanted.ipam == network.spec.ipam)) errors.Add("spec.ipam", held);
    if (wanted.ip_families != network.spec.ip_families) errors.Add("spec.ipFamilies", held);
    if (!errors.empty()) return Reject(errors.ToRejection(RejectionCode::kImmutable));
  }
  return DecideGeneric<M>(network, command, context);
}

DecideResult Decide(const Network& network, const Delete& command, const DecideContext& context) {
  return DecideDelete<M>(network, command, context);
}

DecideResult Decide(const Network& network, const TimerDue& timer, const DecideContext& context) {
  Draft<M> draft(network, context);
  if (timer.id == kRetryTimer) EndRetryWait(draft);
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Network& network, const AcquirePrefix& command,
                    const DecideContext& context) {
  Draft<M> draft(network, context);
  const std::string range = network.Exists() ? HeldPrefix(network.own.holds, command.family) : "";
  if (!network.Exists() || network.IsDeleting()) {
    RefuseAcquire(draft, command, "NetworkNotFound",
                  context.self.ToString() + " does not exist or is being deleted");
  } else if (range.empty()) {
    RefuseAcquire(draft, command, "NetworkNotReady",
                  context.self.ToString() + " has no " + command.family + " range");
  } else {
    AnswerAcquire(draft, command, {*Prefix::Parse(range)}, /*anywhere=*/false);
  }
  return draft.Take();
}

DecideResult Decide(const Network& network, const ReleasePrefix& command,
                    const DecideContext& context) {
  Draft<M> draft(network, context);
  if (network.Exists() && ReleaseClaim(draft, command.claim) && network.IsDeleting()) {
    M::Settle(draft);
  }
  return draft.Take();
}

DecideResult Decide(const Network& network, const PrefixGranted& answer,
                    const DecideContext& context) {
  Draft<M> draft(network, context);
  if (network.IsDeleting() || !TakeGrant(draft, answer)) return Ignore();
  M::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Network& network, const PrefixRefused& answer,
                    const DecideContext& context) {
  Draft<M> draft(network, context);
  if (network.IsDeleting() || !TakeRefusal(draft, answer)) return Ignore();
  M::Settle(draft);
  return draft.Take();
}

}  // namespace sluice
