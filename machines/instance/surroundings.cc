// What an instance hears of its location and its network.
#include "events/location.gen.h"
#include "machines/instance/replace.h"
#include "machines/instance/rules.h"

namespace sluice {
namespace {

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
  const EntityKey location{"location", context.self.namespace_, instance.spec->location.name};
  if (seen.subject == location.ToString()) return SeeLocation(instance, seen, context);
  if (seen.subject.starts_with("server/")) return SeeServer(instance, seen, context);
  return DecideForAttachments<InstanceMachine>(instance, seen, context).value_or(NoChange());
}

DecideResult Decide(const Instance& instance, const TimerDue& timer, const DecideContext& context) {
  return DecideTimer<InstanceMachine>(instance, timer, context);
}

DecideResult Decide(const Instance& instance, const Outcome& outcome,
                    const DecideContext& context) {
  if (auto decided = instance::DecideReplaceOutcome(instance, outcome, context)) return *decided;
  if (!instance.Exists()) return Ignore();
  return DecideForAttachments<InstanceMachine>(instance, outcome, context).value_or(NoChange());
}

}  // namespace sluice
