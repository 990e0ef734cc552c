// What a component keeps, as its rules read it.
#pragma once

#include <optional>
#include <string>

#include "machines/component/component.h"

namespace sluice::component {

const ComponentPart* FindPart(const ComponentSpec& spec, std::string_view name);
const ComponentResource* FindResource(const ComponentPart& part, std::string_view id);
const ComponentPartStatus* FindStatus(const Component& component, std::string_view name);
const GateState* FindGate(const Component& component, std::string_view name);
const LeavingResource* FindLeaving(const Component& component, std::string_view part,
                                   std::string_view id);
// Whether the spec has such a resource.
bool IsInSpec(const ComponentSpec& spec, std::string_view part, std::string_view id);

// Key of a resource in the collections of reports and guards.
std::string ItemKeyOf(std::string_view part, std::string_view id);
std::optional<ResourceReport> ReportOf(const Component& component, std::string_view part,
                                       std::string_view id);
std::optional<ResourceReport> ReportOf(const Component& component, const ComponentPart& part,
                                       const ComponentResource& resource);
// Reported, and not as Absent.
bool IsThere(const std::optional<ResourceReport>& report);

EntityKey OwnerOfSpec(const ComponentSpec& spec);

}  // namespace sluice::component
