// What an instance hears of its location and its network.
#include "events/location.gen.h"
#include "machines/instance/replace.h"
#include "machines/instance/rules.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {
namespace {

template <class Command>
DecideResult AdvanceNetwork(const Instance& instance, const Command& command,
                            const DecideContext& context) {
  Draft<InstanceMachine> draft(instance, context);
  if (AdvanceAttachments(draft, draft->own.attachments, command)) InstanceMachine::Settle(draft);
  return draft.Take();
}

DecideResult SeeLocation(const Instance& instance, const Observed& seen,
                         const DecideContext& context) {
  const auto* location = seen.detail.As<LocationDetail>();
  if (!location) return NoChange();  // There is none (yet): nothing is known of a provider.
  const InstanceLease& known = instance.own.lease;
  // A lease that was given back is still the last one: what its holder reported stands until
  // somebody else has it.
  InstanceLease lease{.provider = location->provider,
                      .holder = location->holder.empty() ? known.holder : location->holder,
                      .term = std::max(location->lease_term, known.term)};
  if (lease == known) return NoChange();
  Draft<InstanceMachine> draft(instance, context);
  draft.Emit(InstanceLeaseSeen{.lease = std::move(lease)});
  InstanceMachine::Settle(draft);
  return draft.Take();
}

}  // namespace

DecideResult Decide(const Instance& instance, const Observed& seen, const DecideContext& context) {
  const EntityKey location{"location", context.self.namespace_, instance.spec.location.name};
  if (seen.subject == location.ToString()) return SeeLocation(instance, seen, context);
  if (seen.subject.starts_with("server/")) return SeeServer(instance, seen, context);
  return AdvanceNetwork(instance, seen, context);
}

DecideResult Decide(const Instance& instance, const TimerDue& timer, const DecideContext& context) {
  Draft<InstanceMachine> draft(instance, context);
  if (timer.id == kAttachmentTimer) AdvanceAttachments(draft, draft->own.attachments, timer);
  InstanceMachine::Settle(draft);
  return draft.Take();
}

DecideResult Decide(const Instance& instance, const Outcome& outcome,
                    const DecideContext& context) {
  if (auto decided = instance::DecideReplaceOutcome(instance, outcome, context)) return *decided;
  if (!instance.Exists()) return Ignore();
  return AdvanceNetwork(instance, outcome, context);
}
DecideResult Decide(const Instance& instance, const ClaimEnsured& answer,
                    const DecideContext& context) {
  return AdvanceNetwork(instance, answer, context);
}
DecideResult Decide(const Instance& instance, const ClaimRefused& answer,
                    const DecideContext& context) {
  return AdvanceNetwork(instance, answer, context);
}
DecideResult Decide(const Instance& instance, const AddressGranted& answer,
                    const DecideContext& context) {
  return AdvanceNetwork(instance, answer, context);
}
DecideResult Decide(const Instance& instance, const AddressRefused& answer,
                    const DecideContext& context) {
  return AdvanceNetwork(instance, answer, context);
}
DecideResult Decide(const Instance& instance, const AddressReleased& answer,
                    const DecideContext& context) {
  return AdvanceNetwork(instance, answer, context);
}

}  // namespace sluice
