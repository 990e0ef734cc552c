// Every fault of a workload's manifest at once, each with its field path.
#include "machines/deployment/spec.h"

#include <set>

#include "machines/instance/instance.h"
#include "machines/workload/children.h"

namespace sluice {
namespace {

void ValidatePlaces(const Placement& placement, const std::string& path, FieldErrors& errors) {
  if (placement.city_codes.empty() == placement.locations.empty()) {
    errors.Add(path + ".cityCodes", placement.city_codes.empty()
                                        ? "needs at least one city, or locations instead"
                                        : "and locations exclude each other");
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < placement.city_codes.size(); ++i) {
    const std::string at = fmt::format("{}.cityCodes[{}]", path, i);
    const std::string city = workload::LowerCase(placement.city_codes[i]);
    if (DnsLabelFault(city)) errors.Add(at, "'" + placement.city_codes[i] + "' is no city code");
    if (!seen.insert(city).second) errors.Add(at, placement.city_codes[i] + " is there twice");
  }
  seen.clear();
  for (size_t i = 0; i < placement.locations.size(); ++i) {
    const std::string at = fmt::format("{}.locations[{}].name", path, i);
    const std::string& name = placement.locations[i].name;
    if (const auto fault = DnsLabelFault(name)) errors.Add(at, *fault);
    if (!seen.insert(name).second) errors.Add(at, name + " is there twice");
  }
}

}  // namespace

void WorkloadMachine::Validate(const WorkloadSpec& spec, FieldErrors& errors) {
  ValidateTemplate(spec.template_, "spec.template", /*needs_interface=*/true, errors);
  if (spec.placements.empty()) errors.Add("spec.placements", "needs at least one");
  const bool pool = spec.template_.spec.backend == "server";
  std::set<std::string> names;
  for (size_t i = 0; i < spec.placements.size(); ++i) {
    const Placement& placement = spec.placements[i];
    const std::string path = fmt::format("spec.placements[{}]", i);
    if (const auto fault = DnsLabelFault(placement.name)) errors.Add(path + ".name", *fault);
    if (!names.insert(placement.name).second) {
      errors.Add(path + ".name", placement.name + " is there twice");
    }
    ValidatePlaces(placement, path, errors);
    ValidateScale(placement.scale_settings, path + ".scaleSettings", pool, errors);
  }
}

// An instance's addresses are its own for life (machines/deployment).
void WorkloadMachine::CheckImmutable(const WorkloadSpec& before, const WorkloadSpec& after,
                                     FieldErrors& errors) {
  if (!AreOnTheSameNetworks(before.template_.spec.network_interfaces,
                            after.template_.spec.network_interfaces)) {
    errors.Add("spec.template.spec.networkInterfaces", "cannot change their networks");
  }
  if (before.template_.spec.backend != after.template_.spec.backend) {
    errors.Add("spec.template.spec.backend", "cannot change");
  }
}

}  // namespace sluice
