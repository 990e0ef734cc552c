#include "machines/deployment/place.h"

#include "machines/registry/registry.h"

namespace sluice {
namespace deployment {
namespace {

EntityKey LocationKey(const DeploymentDraft& draft, const std::string& location) {
  return {"location", draft.context().self.namespace_, location};
}

void PlaceAt(DeploymentDraft& draft, const std::string& location) {
  draft.Send(LocationKey(draft, location), Observe{.observer = draft.context().self.ToString()});
  draft.Emit(DeploymentScheduled{.location = location});
}

}  // namespace

void StopLooking(DeploymentDraft& draft) {
  if (!draft->own.observes_locations) return;
  draft.Send(LocationsRegistry(draft.context().self.namespace_),
             Unobserve{.observer = draft.context().self.ToString()});
  draft.Emit(LocationSearchChanged{.search = draft->own.search, .observes = false});
}

// The registry of locations is observed until one of the city is there.
void SettlePlace(DeploymentDraft& draft) {
  if (draft->status.phase != DeploymentPhase::kScheduling) return;
  const EntityKey registry = LocationsRegistry(draft.context().self.namespace_);
  if (!draft->spec.location.name.empty()) {
    StopLooking(draft);
    return PlaceAt(draft, draft->spec.location.name);
  }
  LocationSearch search = draft->own.search;
  if (!draft->own.observes_locations) {
    draft.Send(registry, Observe{.observer = draft.context().self.ToString()});
    draft.Emit(LocationSearchChanged{.search = {}, .observes = true});
  } else if (search.version > search.asked) {
    search.asked = search.version;
    draft.Send(registry, FindMembers{.label = std::string(kCityCode),
                                     .values = {draft->spec.city_code},
                                     .members = {}});
    draft.Emit(LocationSearchChanged{.search = search, .observes = true});
  }
}

void LeavePlace(DeploymentDraft& draft) {
  if (draft->spec.location.name.empty()) return;
  draft.Send(LocationKey(draft, draft->spec.location.name),
             Unobserve{.observer = draft.context().self.ToString()});
}

}  // namespace deployment

DecideResult Decide(const Deployment& state, const MembersFound& found,
                    const DecideContext& context) {
  DeploymentDraft draft(state, context);
  if (state.IsDeleting() || !state.own.observes_locations) return Ignore();
  LocationSearch search = state.own.search;
  search.locations = found.count;
  // An answer of before the last change: the question about that is under way.
  if (found.version < search.version) return Ignore();
  search.version = found.version;
  search.asked = found.version;
  search.answered = true;
  if (!found.matches.empty()) {
    draft.Send(LocationsRegistry(context.self.namespace_),
               Unobserve{.observer = context.self.ToString()});
    draft.Emit(LocationSearchChanged{.search = search, .observes = false});
    deployment::PlaceAt(draft, KeyOrDie(found.matches.front().member).name);
  } else {
    draft.Emit(LocationSearchChanged{.search = search, .observes = true});
  }
  DeploymentMachine::Settle(draft);
  return draft.Take();
}

}  // namespace sluice
