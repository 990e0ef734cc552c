#include "machines/workload/place.h"

#include <algorithm>
#include <set>

#include "events/codec.h"
#include "machines/deployment/spec.h"
#include "machines/registry/registry.h"
#include "machines/workload/children.h"

namespace sluice::workload {
namespace {

using M = WorkloadMachine;

constexpr size_t kShareMax = 50;
constexpr size_t kShareBytes = 200 * 1024;

EntityKey InNamespace(const WorkloadDraft& draft, const char* kind, const std::string& name) {
  return {kind, draft.context().self.namespace_, name};
}

bool Contains(const std::vector<std::string>& sorted, const std::string& text) {
  return std::binary_search(sorted.begin(), sorted.end(), text);
}

bool IsMatched(const Workload& state, const Place& place) {
  return Contains(place.by_location ? state.own.known.locations : state.own.known.cities,
                  place.place);
}

// Makes the deployment, or gives it the present template.
void Order(WorkloadDraft& draft, const Place& place, WorkloadDeployment item) {
  DeploymentCreate order;
  if (place.by_location) {
    order.spec.location.name = place.place;
  } else {
    order.spec.city_code = place.place;
  }
  order.spec.backend = draft->spec.template_.spec.backend;
  order.spec.scale_settings = *place.scale;
  order.spec.template_ = draft->spec.template_;
  order.owner = OwnerReference{.kind = std::string(M::kName),
                               .namespace_ = draft->metadata.namespace_,
                               .name = draft->metadata.name,
                               .uid = draft->metadata.uid};
  item.placement = place.placement;
  item.place = place.place;
  if (item.name.empty()) ChooseName(draft.state(), item);
  item.generation = draft->metadata.generation;
  item.unwanted = false;
  item.outcome =
      draft.SendForOutcome(InNamespace(draft, "deployment", item.name), std::move(order));
  draft.Emit(WorkloadDeploymentChanged{.deployment = std::move(item)});
}

// Cities and locations of the spec that have no location, placement by placement: nothing can run
// there, nor be taken away, whether or not a deployment is there from before.
void SettleUnmatched(WorkloadDraft& draft, const std::vector<Place>& places) {
  std::map<std::string, std::vector<std::string>> unmatched;
  for (const Place& place : places) {
    if (IsMatched(draft.state(), place)) continue;
    unmatched[place.placement].push_back(place.place);
  }
  const std::vector<PlacementStatus> rows = draft->status.placements;
  for (const PlacementStatus& row : rows) {
    if (row.unmatched == unmatched[row.name]) continue;
    draft.Emit(PlacementChanged{
        .placement = row.name, .conditions = row.conditions, .unmatched = unmatched[row.name]});
  }
}

// Whether all that is wanted is ordered; at most `room` are, now.
bool OrderWanted(WorkloadDraft& draft, const std::vector<Place>& places, size_t room) {
  for (const Place& place : places) {
    const auto item = FindDeployment(draft.state(), KeyOf(place.placement, place.place));
    if (item &&
        (item->deleting || (item->generation == draft->metadata.generation && !item->unwanted))) {
      continue;  // One that goes is made anew once it is gone.
    }
    if (!item && !IsMatched(draft.state(), place)) continue;
    if (room-- == 0) return false;
    Order(draft, place, item.value_or(WorkloadDeployment{}));
  }
  return true;
}

void Continue(WorkloadDraft& draft) {
  if (draft->own.continuing) return;
  draft.Emit(WorkloadContinuation{.under_way = true});
  draft.Send(draft.context().self, ContinueWorkload{});
}

bool DismissUnwanted(WorkloadDraft& draft, const std::vector<Place>& places, size_t room) {
  std::set<std::string> wanted;
  for (const Place& place : places) wanted.insert(KeyOf(place.placement, place.place));
  for (const auto& [key, item] :
       draft->items.Scan<WorkloadDeployment>(M::kDeployments, "", ~size_t{0})) {
    if (item.unwanted || wanted.contains(key)) continue;
    if (room-- == 0) return false;
    Dismiss(draft, item);
  }
  return true;
}

}  // namespace

void Look(WorkloadDraft& draft) {
  const std::string self = draft.context().self.ToString();
  const auto& interfaces = draft->spec.template_.spec.network_interfaces;
  if (draft->own.networks.empty()) {
    std::set<std::string> names;
    for (const InstanceInterface& interface : interfaces) names.insert(interface.network.name);
    for (const std::string& name : names) {
      draft.Send(InNamespace(draft, "network", name), Observe{.observer = self});
      draft.Emit(WorkloadNetworkSeen{.network = {.name = name}});
    }
  }
  const EntityKey registry = LocationsRegistry(draft.context().self.namespace_);
  LocationsKnown known = draft->own.known;
  if (!draft->own.observes_locations) {
    draft.Send(registry, Observe{.observer = self});
    draft.Emit(WorkloadLocationsKnown{.known = known, .observes = true});
    return;
  }
  const bool asked =
      known.asked == known.version && known.asked_generation == draft->metadata.generation;
  if (known.version == 0 || asked) return;
  FindMembers question{.label = std::string(kCityCode), .values = {}, .members = {}};
  for (const Place& place : PlacesOf(draft->spec)) {
    if (place.by_location) {
      question.members.push_back(InNamespace(draft, "location", place.place).ToString());
    } else {
      question.values.push_back(place.place);
    }
  }
  known.asked = known.version;
  known.asked_generation = draft->metadata.generation;
  draft.Send(registry, std::move(question));
  draft.Emit(WorkloadLocationsKnown{.known = known, .observes = true});
}

std::vector<std::string> MissingNetworks(const Workload& state) {
  std::vector<std::string> missing;
  for (const WorkloadNetwork& network : state.own.networks) {
    if (network.seen && !network.there) missing.push_back(network.name);
  }
  std::sort(missing.begin(), missing.end());
  return missing;
}

void SettleDeployments(WorkloadDraft& draft) {
  const LocationsKnown& known = draft->own.known;
  const bool networks_there =
      std::all_of(draft->own.networks.begin(), draft->own.networks.end(),
                  [](const WorkloadNetwork& network) { return network.there; });
  // What there is goes on while something is missing; nothing new is begun.
  // Without a registry of locations there is nothing to ask: any spec has its answer.
  const bool answered = known.answered && (known.version == 0 ||
                                           known.answered_generation == draft->metadata.generation);
  if (draft->own.placed || !networks_there || !answered) return;
  if (draft->own.retry.next_time.IsSet()) return;
  const size_t bytes = Pack(draft->spec.template_).size() + 512;
  const size_t room = std::clamp(kShareBytes / bytes, size_t{1}, kShareMax);
  const std::vector<Place> places = PlacesOf(draft->spec);
  const bool ordered = OrderWanted(draft, places, room);
  const bool dismissed = DismissUnwanted(draft, places, kShareMax);
  SettleUnmatched(draft, places);
  if (ordered && dismissed) {
    draft.Emit(WorkloadPlaced{.placed = true});
  } else {
    Continue(draft);
  }
}

void DeleteDeployments(WorkloadDraft& draft) {
  if (!DismissUnwanted(draft, {}, kShareMax)) Continue(draft);
}

void StopLooking(WorkloadDraft& draft) {
  const std::string self = draft.context().self.ToString();
  for (const WorkloadNetwork& network : draft->own.networks) {
    draft.Send(InNamespace(draft, "network", network.name), Unobserve{.observer = self});
  }
  if (!draft->own.observes_locations) return;
  draft.Send(LocationsRegistry(draft.context().self.namespace_), Unobserve{.observer = self});
}

void Dismiss(WorkloadDraft& draft, WorkloadDeployment deployment) {
  // Refused, and not asked for again yet: nobody would ever answer that it is gone.
  if (deployment.uid.empty() && deployment.generation == 0) {
    draft.Emit(
        WorkloadDeploymentGone{.placement = deployment.placement, .place = deployment.place});
    return;
  }
  deployment.unwanted = true;
  if (!deployment.uid.empty() && !deployment.deleting) {
    draft.Send(InNamespace(draft, "deployment", deployment.name),
               Delete{.expected_uid = deployment.uid});
    deployment.deleting = true;
  }
  draft.Emit(WorkloadDeploymentChanged{.deployment = std::move(deployment)});
}

}  // namespace sluice::workload
