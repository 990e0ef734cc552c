#include "machines/deployment/spec.h"

#include <algorithm>
#include <cstdlib>

#include "events/logical.h"
#include "machines/deployment/deployment.h"
#include "machines/deployment/pool/pool.h"
#include "machines/instance/instance.h"

namespace sluice {
namespace {

constexpr int32_t kReplicasMax = 1000;
constexpr std::string_view kServerBackend = "server";

// A Kubernetes quantity as JSON: 5, "500m", "2Gi".
bool IsPositive(std::string text) {
  std::erase(text, '"');
  char* end = nullptr;
  return std::strtod(text.c_str(), &end) > 0 && end != text.c_str();
}

void ValidateMetric(const ScaleMetric& metric, const std::string& path, FieldErrors& errors) {
  if (!metric.resource) return errors.Add(path + ".resource", "is required");
  if (metric.resource->name != "cpu") {
    errors.Add(path + ".resource.name",
               "is " + (metric.resource->name.empty() ? "missing" : metric.resource->name) +
                   "; known is cpu");
  }
  const MetricTarget& target = metric.resource->target;
  const std::string at = path + ".resource.target";
  const int targets = int{!target.value.empty()} + int{!target.average_value.empty()} +
                      int{target.average_utilization.has_value()};
  if (targets != 1) {
    errors.Add(at, "needs exactly one of value, averageValue, averageUtilization");
  }
  if (!target.value.empty() && !IsPositive(target.value)) {
    errors.Add(at + ".value", "must be above 0");
  }
  if (!target.average_value.empty() && !IsPositive(target.average_value)) {
    errors.Add(at + ".averageValue", "must be above 0");
  }
  if (target.average_utilization && *target.average_utilization <= 0) {
    errors.Add(at + ".averageUtilization", "must be above 0");
  }
}

}  // namespace

Hash128 TemplateHash(const InstanceTemplate& from) {
  InstanceTemplate hashed = from;
  hashed.spec.controller = {};
  return LogicalHash(hashed);
}

void ValidateTemplate(const InstanceTemplate& from, const std::string& path, bool needs_interface,
                      FieldErrors& errors) {
  FieldErrors found;
  ValidateInstanceSpec(from.spec, from.metadata.annotations, found);
  for (const FieldError& fault : found.faults()) {
    errors.Add(path + "." + fault.path, fault.message);
  }
  if (needs_interface && from.spec.network_interfaces.empty()) {
    errors.Add(path + ".spec.networkInterfaces", "needs at least one");
  }
  if (!from.spec.location.name.empty()) {
    errors.Add(path + ".spec.location", "is chosen by placement; leave it out");
  }
}

void ValidateScale(const ScaleSettings& scale, const std::string& path, bool pool,
                   FieldErrors& errors) {
  const int32_t least = pool ? 0 : 1;
  if (scale.min_replicas < least || scale.min_replicas > kReplicasMax) {
    errors.Add(path + ".minReplicas",
               fmt::format("is {}, not {} to {}", scale.min_replicas, least, kReplicasMax));
  }
  if (scale.max_replicas) {
    if (*scale.max_replicas < scale.min_replicas) {
      errors.Add(path + ".maxReplicas", fmt::format("is {}, below minReplicas {}",
                                                    *scale.max_replicas, scale.min_replicas));
    }
    if (scale.metrics.empty()) errors.Add(path + ".maxReplicas", "needs metrics to scale by");
  }
  for (size_t i = 0; i < scale.metrics.size(); ++i) {
    ValidateMetric(scale.metrics[i], fmt::format("{}.metrics[{}]", path, i), errors);
  }
  if (!pool && scale.instance_management_policy == ManagementPolicy::kRolling) {
    errors.Add(path + ".instanceManagementPolicy", "is Rolling; known are OrderedReady, Parallel");
  }
}

// A pool is rolled; there is no other way. OrderedReady is what a spec without a policy has.
void DeploymentMachine::Default(DeploymentSpec& spec, const DecideContext&) {
  ManagementPolicy& policy = spec.scale_settings.instance_management_policy;
  if (deployment::IsPool(spec) && policy == ManagementPolicy::kOrderedReady) {
    policy = ManagementPolicy::kRolling;
  }
}

void DeploymentMachine::Validate(const DeploymentSpec& spec, FieldErrors& errors) {
  const bool pool = spec.backend == kServerBackend;
  if (!spec.backend.empty() && !pool) {
    errors.Add("spec.backend", "is " + spec.backend + "; known is server");
  }
  if (spec.city_code.empty() && spec.location.name.empty()) {
    errors.Add("spec.cityCode", "or spec.location is required");
  }
  if (!spec.location.name.empty()) {
    if (auto fault = DnsLabelFault(spec.location.name)) errors.Add("spec.location.name", *fault);
  }
  ValidateScale(spec.scale_settings, "spec.scaleSettings", pool, errors);
  deployment::ValidatePool(spec, errors);
  ValidateTemplate(spec.template_, "spec.template", /*needs_interface=*/false, errors);
}

// Once it has a location it keeps it: what made it knows only the city.
void DeploymentMachine::KeepPresent(DeploymentSpec& spec, const DeploymentSpec& present) {
  if (spec.location.name.empty()) spec.location = present.location;
}

void DeploymentMachine::CheckImmutable(const DeploymentSpec& before, const DeploymentSpec& after,
                                       FieldErrors& errors) {
  if (before.city_code != after.city_code) {
    errors.Add("spec.cityCode", "cannot change from " + before.city_code);
  }
  if (!before.location.name.empty() && !(before.location == after.location)) {
    errors.Add("spec.location.name", "cannot change from " + before.location.name);
  }
  if (before.backend != after.backend) errors.Add("spec.backend", "cannot change");
  if (!AreOnTheSameNetworks(before.template_.spec.network_interfaces,
                            after.template_.spec.network_interfaces)) {
    errors.Add("spec.template.spec.networkInterfaces", "cannot change their networks");
  }
}

}  // namespace sluice
