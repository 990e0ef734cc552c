// What a workload hears: of its deployments, its networks, and where its cities are.
#include <algorithm>

#include "machines/common/observed.h"
#include "machines/common/retry.h"
#include "machines/registry/registry.h"
#include "machines/workload/children.h"
#include "machines/workload/place.h"

namespace sluice {
namespace {

using workload::Dismiss;

Decided SettleAndTake(WorkloadDraft& draft) {
  WorkloadMachine::Settle(draft);
  return draft.Take();
}

WorkloadDeployment Seen(WorkloadDeployment item, const Observed& seen,
                        const DeploymentDetail& detail) {
  item.uid = seen.uid;
  item.deleting = item.deleting || seen.phase == "Deleting";
  item.replicas = detail.replicas;
  item.current_replicas = detail.current_replicas;
  item.desired_replicas = detail.desired_replicas;
  item.ready_replicas = detail.ready_replicas;
  item.available = detail.available == ConditionStatus::kTrue;
  item.reason = detail.reason;
  item.message = detail.message;
  item.severity = detail.severity;
  return item;
}

DecideResult SeeDeployment(WorkloadDraft& draft, const Observed& seen, const std::string& name) {
  const auto item = workload::DeploymentNamed(draft.state(), name);
  if (!item || (!item->uid.empty() && item->uid != seen.uid)) return Ignore();
  if (IsGone(seen)) {
    if (item->uid.empty()) return Ignore();
    draft.Emit(WorkloadDeploymentGone{.placement = item->placement, .place = item->place});
    return SettleAndTake(draft);
  }
  const auto* detail = seen.detail.As<DeploymentDetail>();
  if (!detail || !detail->owner || detail->owner->uid != draft->metadata.uid) return Ignore();
  WorkloadDeployment now = Seen(*item, seen, *detail);
  if (now == *item) return Ignore();
  if (now.unwanted && !now.deleting) {
    Dismiss(draft, std::move(now));
  } else {
    draft.Emit(WorkloadDeploymentChanged{.deployment = std::move(now)});
  }
  return SettleAndTake(draft);
}

DecideResult SeeNetwork(WorkloadDraft& draft, const Observed& seen, const std::string& name) {
  const auto& networks = draft->own.networks;
  const auto known = std::find_if(networks.begin(), networks.end(),
                                  [&](const WorkloadNetwork& n) { return n.name == name; });
  if (known == networks.end()) return Ignore();
  WorkloadNetwork now{.name = name, .seen = true, .there = !IsGone(seen)};
  if (now == *known) return Ignore();
  draft.Emit(WorkloadNetworkSeen{.network = std::move(now)});
  return SettleAndTake(draft);
}

DecideResult SeeLocations(WorkloadDraft& draft, const Observed& seen) {
  LocationsKnown known = draft->own.known;
  const auto* detail = seen.detail.As<RegistryDetail>();
  known.version = detail ? detail->version : 0;
  if (IsGone(seen)) {
    // A namespace without a registry has no locations: that is an answer.
    known = {.answered = true, .answered_generation = draft->metadata.generation};
  }
  if (known == draft->own.known) return Ignore();
  draft.Emit(WorkloadLocationsKnown{.known = std::move(known), .observes = true});
  return SettleAndTake(draft);
}

}  // namespace

DecideResult Decide(const Workload& state, const Observed& seen, const DecideContext& context) {
  WorkloadDraft draft(state, context);
  const EntityKey subject = KeyOrDie(seen.subject);
  if (subject.kind == "deployment") return SeeDeployment(draft, seen, subject.name);
  if (state.IsDeleting()) return Ignore();
  if (subject.kind == "network") return SeeNetwork(draft, seen, subject.name);
  if (subject == LocationsRegistry(context.self.namespace_)) return SeeLocations(draft, seen);
  return Ignore();
}

// Of a Create, which makes a deployment or gives it another template.
DecideResult Decide(const Workload& state, const Outcome& outcome, const DecideContext& context) {
  if (context.sender.empty()) return Ignore();
  WorkloadDraft draft(state, context);
  auto item = workload::DeploymentNamed(state, KeyOrDie(context.sender).name);
  if (!item || item->outcome != outcome.number) return Ignore();
  if (outcome.accepted) {
    if (!item->uid.empty()) return Ignore();
    item->uid = outcome.uid;
    if (item->unwanted) {
      Dismiss(draft, *item);
    } else {
      draft.Emit(WorkloadDeploymentChanged{.deployment = *item});
    }
    return SettleAndTake(draft);
  }
  if (item->uid.empty() && (state.IsDeleting() || item->unwanted)) {
    draft.Emit(WorkloadDeploymentGone{.placement = item->placement, .place = item->place});
    return SettleAndTake(draft);
  }
  item->generation = 0;
  if (item->uid.empty() && outcome.code == "AlreadyExists") {
    // Another name, at once.
    draft.Emit(WorkloadDeploymentGone{.placement = item->placement, .place = item->place});
    ++item->taken;
    workload::ChooseName(draft.state(), *item);
  } else {
    item->reason = outcome.code;
    item->message = outcome.message;
    item->severity = 3;
    draft.Emit(WorkloadRetryChanged{
        .retry = NextRetry(state.own.retry, context.time, context.Settings())});
  }
  draft.Emit(WorkloadDeploymentChanged{.deployment = *item});
  draft.Emit(WorkloadPlaced{.placed = false});
  return SettleAndTake(draft);
}

DecideResult Decide(const Workload& state, const TimerDue&, const DecideContext& context) {
  WorkloadDraft draft(state, context);
  return SettleAndTake(draft);
}

DecideResult Decide(const Workload& state, const ContinueWorkload&, const DecideContext& context) {
  WorkloadDraft draft(state, context);
  if (state.own.continuing) draft.Emit(WorkloadContinuation{.under_way = false});
  return SettleAndTake(draft);
}

DecideResult Decide(const Workload& state, const MembersFound& found,
                    const DecideContext& context) {
  if (state.IsDeleting() || found.version < state.own.known.answered_version) return Ignore();
  WorkloadDraft draft(state, context);
  LocationsKnown known = state.own.known;
  known.version = std::max(known.version, found.version);
  known.answered = true;
  known.answered_version = found.version;
  known.answered_generation = known.asked_generation;
  known.count = found.count;
  known.cities.clear();
  known.locations.clear();
  for (const MemberMatch& match : found.matches) known.cities.push_back(match.value);
  for (const std::string& member : found.members) {
    known.locations.push_back(KeyOrDie(member).name);
  }
  std::sort(known.cities.begin(), known.cities.end());
  std::sort(known.locations.begin(), known.locations.end());
  draft.Emit(WorkloadLocationsKnown{.known = std::move(known), .observes = true});
  return SettleAndTake(draft);
}

}  // namespace sluice
