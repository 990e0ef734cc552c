// What a component's spec may be; every fault of it at once.
#include <algorithm>
#include <set>

#include "machines/component/circles.h"
#include "machines/component/component.h"
#include "machines/component/guard.h"

namespace sluice {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c);
  });
  return text;
}

void CheckGuard(const ComponentResource& resource, const std::set<std::string>& before,
                const std::string& path, FieldErrors& errors) {
  if (resource.guard.empty() || resource.guard == "reported") return;
  const auto reads = component::GuardReads(resource.guard);
  if (!reads) {
    errors.Add(path + ".guard",
               fmt::format("column {}: {}", reads.error().column, reads.error().message));
    return;
  }
  for (const std::string& id : *reads) {
    if (!before.contains(id))
      errors.Add(path + ".guard", "reads " + id + ", which is not before it");
  }
}

void CheckOptions(const ComponentResource& resource, const std::string& path, FieldErrors& errors) {
  const bool read_only = resource.mode == ResourceMode::kReadOnly;
  if (read_only && resource.delete_on_suspend) {
    errors.Add(path + ".deleteOnSuspend", "cannot be set on what is ReadOnly");
  }
  if (read_only && !resource.gated_by.empty()) {
    errors.Add(path + ".gatedBy", "deletes, and cannot be set on what is ReadOnly");
  }
  if (resource.mode == ResourceMode::kOrphan && resource.delete_on_suspend) {
    errors.Add(path + ".deleteOnSuspend", "cannot be set on an Orphan");
  }
  if (resource.mode == ResourceMode::kOrphan && !resource.gated_by.empty()) {
    errors.Add(path + ".gatedBy", "deletes, and cannot be set on an Orphan");
  }
  if (!read_only && resource.on_absence != AbsenceOption::kUnset) {
    errors.Add(path + ".onAbsence", "is for what is ReadOnly");
  }
}

// A type that the owner's kind sets itself would be written to and fro.
void CheckType(const ComponentSpec& spec, const std::string& type, const std::string& path,
               FieldErrors& errors) {
  const KindInfo* owner = BuiltinKinds().Find(spec.owner.kind);
  if (!owner || !owner->sets_condition(type)) return;
  errors.Add(path, fmt::format("{} is a condition that every {} sets itself", type, owner->name));
}

void CheckPart(const ComponentPart& part, const std::string& path, FieldErrors& errors) {
  if (part.name.empty()) errors.Add(path + ".name", "is required");
  if (part.condition_type.empty()) errors.Add(path + ".conditionType", "is required");
  if (part.grace_period < Duration{}) errors.Add(path + ".gracePeriod", "is negative");
  if (part.feature_gate && part.feature_gate->name.empty()) {
    errors.Add(path + ".featureGate.name", "is required");
  }
  for (size_t i = 0; i < part.prerequisites.size(); ++i) {
    if (part.prerequisites[i].depends_on.empty()) {
      errors.Add(fmt::format("{}.prerequisites[{}].dependsOn", path, i), "is required");
    }
  }
  std::set<std::string> ids;
  for (size_t i = 0; i < part.resources.size(); ++i) {
    const ComponentResource& resource = part.resources[i];
    const std::string at = fmt::format("{}.resources[{}]", path, i);
    CheckOptions(resource, at, errors);
    CheckGuard(resource, ids, at, errors);
    if (resource.id.empty()) errors.Add(at + ".id", "is required");
    if (!ids.insert(resource.id).second) errors.Add(at + ".id", resource.id + " is there twice");
  }
}

}  // namespace

void ComponentMachine::Default(ComponentSpec& spec, const DecideContext& context) {
  spec.owner.kind = Lower(spec.owner.kind);
  if (spec.owner.namespace_.empty()) spec.owner.namespace_ = context.self.namespace_;
  if (spec.aggregate.empty()) spec.aggregate = "Aggregate";
}

void ComponentMachine::Validate(const ComponentSpec& spec, FieldErrors& errors) {
  if (!BuiltinKinds().Find(spec.owner.kind)) {
    errors.Add("spec.owner.kind", "there is no kind '" + spec.owner.kind + "'");
  }
  if (const auto fault = DnsLabelFault(spec.owner.name)) errors.Add("spec.owner.name", *fault);
  if (const auto fault = DnsLabelFault(spec.owner.namespace_)) {
    errors.Add("spec.owner.namespace", *fault);
  }
  CheckType(spec, spec.aggregate, "spec.aggregate", errors);
  std::set<std::string> names;
  std::set<std::string> types = {spec.aggregate};
  for (size_t i = 0; i < spec.components.size(); ++i) {
    const ComponentPart& part = spec.components[i];
    const std::string path = fmt::format("spec.components[{}]", i);
    CheckPart(part, path, errors);
    CheckType(spec, part.condition_type, path + ".conditionType", errors);
    if (!part.name.empty() && !names.insert(part.name).second) {
      errors.Add(path + ".name", part.name + " is there twice");
    }
    if (!part.condition_type.empty() && !types.insert(part.condition_type).second) {
      errors.Add(path + ".conditionType", part.condition_type + " is there twice");
    }
  }
  component::CheckCircles(spec, errors);
}

void ComponentMachine::CheckImmutable(const ComponentSpec& before, const ComponentSpec& after,
                                      FieldErrors& errors) {
  if (!(before.owner == after.owner)) errors.Add("spec.owner", "cannot change");
}

}  // namespace sluice
