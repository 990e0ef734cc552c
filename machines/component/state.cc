#include "machines/component/state.h"

namespace sluice::component {
namespace {

template <class T, class Get>
const T* FindIn(const std::vector<T>& all, std::string_view name, Get get) {
  for (const T& one : all) {
    if (get(one) == name) return &one;
  }
  return nullptr;
}

}  // namespace

const ComponentPart* FindPart(const ComponentSpec& spec, std::string_view name) {
  return FindIn(spec.components, name, [](const auto& part) { return part.name; });
}

const ComponentResource* FindResource(const ComponentPart& part, std::string_view id) {
  return FindIn(part.resources, id, [](const auto& resource) { return resource.id; });
}

const ComponentPartStatus* FindStatus(const Component& component, std::string_view name) {
  return FindIn(component.status.components, name, [](const auto& part) { return part.name; });
}

const GateState* FindGate(const Component& component, std::string_view name) {
  return FindIn(component.own.gates, name, [](const auto& gate) { return gate.name; });
}

const LeavingResource* FindLeaving(const Component& component, std::string_view part,
                                   std::string_view id) {
  for (const LeavingResource& one : component.status.leaving) {
    if (one.component == part && one.id == id) return &one;
  }
  return nullptr;
}

bool IsInSpec(const ComponentSpec& spec, std::string_view part, std::string_view id) {
  const ComponentPart* found = FindPart(spec, part);
  return found && FindResource(*found, id);
}

std::string ItemKeyOf(std::string_view part, std::string_view id) {
  return std::string(part) + '\0' + std::string(id);
}

std::optional<ResourceReport> ReportOf(const Component& component, std::string_view part,
                                       std::string_view id) {
  return component.items.Get<ResourceReport>(ComponentMachine::kReports, ItemKeyOf(part, id));
}

std::optional<ResourceReport> ReportOf(const Component& component, const ComponentPart& part,
                                       const ComponentResource& resource) {
  return ReportOf(component, part.name, resource.id);
}

bool IsThere(const std::optional<ResourceReport>& report) {
  return report && report->status != "Absent";
}

EntityKey OwnerOfSpec(const ComponentSpec& spec) {
  return {spec.owner.kind, spec.owner.namespace_, spec.owner.name};
}

}  // namespace sluice::component
