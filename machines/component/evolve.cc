#include <algorithm>
#include <tuple>

#include "machines/component/state.h"

namespace sluice {
namespace {

void PutGate(std::vector<GateState>& gates, const GateState& gate) {
  const auto at = std::lower_bound(
      gates.begin(), gates.end(), gate.name,
      [](const GateState& one, const std::string& name) { return one.name < name; });
  if (at != gates.end() && at->name == gate.name) {
    *at = gate;
  } else {
    gates.insert(at, gate);
  }
}

// Of the resources of one component, or (empty) of all.
template <class Item>
void ForgetAll(Component& component, CollectionId collection, const std::string& part) {
  const std::string prefix = part.empty() ? "" : component::ItemKeyOf(part, "");
  std::vector<std::string> keys;
  component.items.ScanBytes(collection, prefix, [&](std::string_view key, std::string_view) {
    if (!key.starts_with(prefix)) return false;
    keys.emplace_back(key);
    return true;
  });
  for (const std::string& key : keys) component.items.Erase<Item>(collection, key);
}

// What was reported of one resource.
void Forget(Component& component, const std::string& part, const std::string& id) {
  const std::string key = component::ItemKeyOf(part, id);
  component.items.Erase<ResourceReport>(ComponentMachine::kReports, key);
  component.items.Erase<GuardReport>(ComponentMachine::kGuards, key);
}

// The spec has the last word on a gate where it changes it, else whoever reported it.
void TakeGates(Component& component, const ComponentSpec& spec) {
  std::vector<GateState> named;
  const auto& seen = component.own.spec_gates;
  for (const ComponentPart& part : spec.components) {
    if (!part.feature_gate) continue;
    named.push_back({.name = part.feature_gate->name,
                     .on = part.feature_gate->on,
                     .error = part.feature_gate->error});
    if (std::find(seen.begin(), seen.end(), named.back()) == seen.end()) {
      PutGate(component.own.gates, named.back());
    }
  }
  component.own.spec_gates = std::move(named);
}

}  // namespace

void Evolve(Component& component, const ComponentCreated& event, const EventContext& context) {
  component.own.phase_since = context.time;
  // What a former incarnation heard of its resources is not this one's.
  ForgetAll<ResourceReport>(component, ComponentMachine::kReports, "");
  ForgetAll<GuardReport>(component, ComponentMachine::kGuards, "");
  TakeGates(component, event.spec);
}

void Evolve(Component& component, const ComponentSpecChanged& event) {
  TakeGates(component, event.spec);
}

void Evolve(Component& component, const ResourceReported& event) {
  component.items.Put(ComponentMachine::kReports, component::ItemKeyOf(event.component, event.id),
                      event.report);
}

void Evolve(Component& component, const GuardReported& event) {
  component.items.Put(ComponentMachine::kGuards, component::ItemKeyOf(event.component, event.id),
                      event.report);
}

void Evolve(Component& component, const GateReported& event) {
  PutGate(component.own.gates, event.gate);
}

void Evolve(Component& component, const OwnerWatched& event) {
  component.own.watching = event.owner;
}

void Evolve(Component& component, const OwnerConditionsSeen& event) {
  ComponentOwn& own = component.own;
  if (event.exists && !own.owner_uid.empty() && own.owner_uid != event.uid) {
    // Another incarnation: what was staged is not its.
    component.status.components.clear();
    component.status.aggregate = {};
    own.sent.clear();
    own.sent_owned.clear();
  }
  own.owner_exists = event.exists;
  if (event.exists) own.owner_uid = event.uid;
  own.owner_generation = event.generation;
  own.owner_conditions = event.conditions;
}

void Evolve(Component& component, const ComponentStaged& event) {
  for (ComponentPartStatus& part : component.status.components) {
    if (part.name == event.part.name) {
      part = event.part;
      return;
    }
  }
  component.status.components.push_back(event.part);
}

void Evolve(Component& component, const ComponentDropped& event) {
  std::erase_if(component.status.components,
                [&](const ComponentPartStatus& part) { return part.name == event.name; });
  ForgetAll<ResourceReport>(component, ComponentMachine::kReports, event.name);
  ForgetAll<GuardReport>(component, ComponentMachine::kGuards, event.name);
}

void Evolve(Component& component, const AggregateStaged& event) {
  component.status.aggregate = event.condition;
}

void Evolve(Component& component, const ConditionsSent& event) {
  component.own.sent_owned = event.owned;
  component.own.sent = event.conditions;
  component.own.write_outcome = event.outcome;
}

void Evolve(Component& component, const ConditionsSendAnswered& event) {
  component.own.write_outcome = 0;
  component.status.retry = event.retry;
}

void Evolve(Component& component, const ConditionsSendRetried&) {
  component.status.retry.next_time = {};
}

void Evolve(Component& component, const OwnerFound&, const EventContext& context) {
  component.status.phase = ComponentPhase::kActive;
  component.own.phase_since = context.time;
}

void Evolve(Component& component, const OwnerLost&, const EventContext& context) {
  component.status.phase = ComponentPhase::kPending;
  component.own.phase_since = context.time;
}

void Evolve(Component& component, const DeletionRequested& event) {
  component.own.phase_since = event.at;
}

void Evolve(Component& component, const ResourceLeaving& event) {
  const LeavingResource& resource = event.resource;
  Forget(component, resource.component, resource.id);
  auto& leaving = component.status.leaving;
  const auto at = std::lower_bound(leaving.begin(), leaving.end(), resource,
                                   [](const LeavingResource& left, const LeavingResource& right) {
                                     return std::tie(left.component, left.id) <
                                            std::tie(right.component, right.id);
                                   });
  leaving.insert(at, resource);
}

void Evolve(Component& component, const ResourceForgotten& event) {
  Forget(component, event.component, event.id);
  std::erase_if(component.status.leaving, [&](const LeavingResource& one) {
    return one.component == event.component && one.id == event.id;
  });
}

}  // namespace sluice
