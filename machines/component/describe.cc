// How a component looks from outside.
#include "machines/component/state.h"

namespace sluice {

std::vector<PendingAction> ComponentMachine::Pending(const State& state) {
  std::vector<PendingAction> pending;
  if (!state.Exists()) return pending;
  const EntityKey self{std::string(kName), state.metadata.namespace_, state.metadata.name};
  const auto add = [&](const std::string& part, const std::string& id, const std::string& verb) {
    pending.push_back({.verb = verb,
                       .target = self.ToString() + "/" + part + "/" + id,
                       .location = std::string(kName),
                       .uid = state.metadata.uid,
                       .generation = state.metadata.generation,
                       .attempt = 0});
  };
  for (const ComponentPartStatus& part : state.status.components) {
    for (const ResourceAction& action : part.actions) add(part.name, action.id, action.verb);
  }
  // Deletions, then orphans, as in a pass.
  for (const std::string_view verb : {"DeleteResource", "ReleaseResource"}) {
    for (const LeavingResource& one : state.status.leaving) {
      if (one.verb == verb) add(one.component, one.id, one.verb);
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
