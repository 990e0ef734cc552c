// How a component looks from outside.
#include "machines/component/state.h"

namespace sluice {

std::vector<PendingAction> ComponentMachine::Pending(const State& state) {
  std::vector<PendingAction> pending;
  if (!state.Exists()) return pending;
  const EntityKey self{std::string(kName), state.metadata.namespace_, state.metadata.name};
  for (const ComponentPartStatus& part : state.status.components) {
    for (const ResourceAction& action : part.actions) {
      pending.push_back({.verb = action.verb,
                         .target = self.ToString() + "/" + part.name + "/" + action.id,
                         .location = std::string(kName),
                         .uid = state.metadata.uid,
                         .generation = state.metadata.generation,
                         .attempt = 0});
    }
  }
  return pending;
}

AnyTable ComponentMachine::Detail(const State& state) {
  return AnyTable::Of(ComponentDetail{.aggregate = state.status.aggregate});
}

std::vector<IndexEntry> ComponentMachine::Indexes(const State& state) {
  return {{"owner", component::OwnerOfSpec(state.spec).ToString()}};
}

std::vector<Column> ComponentMachine::Columns() {
  return {{"PHASE", "status.phase"},
          {"READY", "status.conditions[type=Ready].status"},
          {"REASON", "status.conditions[type=Ready].reason"},
          {"OWNER", "spec.owner.name"},
          {"MESSAGE", "status.conditions[type=Ready].message", true}};
}

const KindInfo& ComponentKind() {
  static const KindInfo kind = DefineKind<ComponentMachine>();
  return kind;
}

}  // namespace sluice
