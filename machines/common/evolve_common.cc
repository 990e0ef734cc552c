#include "machines/common/evolve_common.h"

namespace sluice {

void EvolveRelations(EntityState& state, const ObserverAdded& event, const EventContext& context) {
  if (state.items.Put(kObservers, event.observer, ObserverItem{.since = context.time})) {
    ++state.relations_part().observers;
  }
}

void EvolveRelations(EntityState& state, const ObserverRemoved& event, const EventContext&) {
  if (state.items.Erase<ObserverItem>(kObservers, event.observer)) {
    --state.relations_part().observers;
  }
}

void EvolveRelations(EntityState& state, const FanOutStarted& event, const EventContext&) {
  state.relations_part().fan_out_running = true;
  state.relations_part().fan_out_cursor = event.cursor;
}

void EvolveRelations(EntityState& state, const FanOutMarkedDirty&, const EventContext&) {
  state.relations_part().fan_out_dirty = true;
}

void EvolveRelations(EntityState& state, const FanOutFinished&, const EventContext&) {
  state.relations_part().fan_out_running = false;
  state.relations_part().fan_out_dirty = false;
  state.relations_part().fan_out_cursor.clear();
}

void EvolveRelations(EntityState& state, const OutcomeNumbered& event, const EventContext&) {
  state.relations_part().next_outcome = event.next;
}

void EvolveRelations(EntityState& state, const MetadataChanged& event, const EventContext&) {
  Metadata& metadata = state.mutable_metadata();
  metadata.labels = event.labels;
  metadata.annotations = event.annotations;
}

void EvolveRelations(EntityState& state, const OwnerChanged& event, const EventContext&) {
  auto& owners = state.mutable_metadata().owner_references;
  owners.clear();
  if (event.owner) owners.push_back(*event.owner);
}

void BeginIncarnation(EntityState& state, const EventContext& context, const std::string& uid,
                      const std::map<std::string, std::string>& labels,
                      const std::map<std::string, std::string>& annotations,
                      const std::optional<OwnerReference>& owner) {
  EntityKey self = context.self.Parts();
  Metadata& metadata = state.mutable_metadata();
  metadata = Metadata{.namespace_ = std::move(self.namespace_),
                      .name = std::move(self.name),
                      .uid = uid,
                      .generation = 1,
                      .creation_timestamp = context.time,
                      .deletion_timestamp = Time{},
                      .labels = labels,
                      .annotations = annotations,
                      .owner_references = {}};
  if (owner) metadata.owner_references.push_back(*owner);
  state.relations_part().deleted = false;
}

}  // namespace sluice
