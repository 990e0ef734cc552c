#include "machines/network/holding/subnet_spec.h"

#include <fmt/format.h>

#include "machines/common/names.h"

namespace sluice {
namespace {

// The longest has room for one host beside the reserved addresses.
struct Lengths {
  uint32_t usual;
  uint32_t min;
  uint32_t max;
};
constexpr Lengths kIPv4{24, 8, 30};
constexpr Lengths kIPv6{80, 16, 126};

}  // namespace

void DefaultSubnetSpec(SubnetSpec& spec) {
  if (spec.subnet_class.empty()) spec.subnet_class = "private";
  if (spec.ip_family.empty()) spec.ip_family = "IPv4";
  if (spec.prefix_length == 0) {
    spec.prefix_length = spec.ip_family == "IPv6" ? kIPv6.usual : kIPv4.usual;
  }
}

void ValidateSubnetSpec(const SubnetSpec& spec, FieldErrors& errors) {
  if (spec.subnet_class != "private") {
    errors.Add("spec.subnetClass", "'" + spec.subnet_class + "' is not private");
  }
  if (const auto fault = DnsLabelFault(spec.network_context.name)) {
    errors.Add("spec.networkContext.name", *fault);
  }
  if (const auto fault = DnsLabelFault(spec.location.name)) {
    errors.Add("spec.location.name", *fault);
  }
  if (spec.ip_family != "IPv4" && spec.ip_family != "IPv6") {
    return errors.Add("spec.ipFamily", "'" + spec.ip_family + "' is neither IPv4 nor IPv6");
  }
  const Lengths& lengths = spec.ip_family == "IPv4" ? kIPv4 : kIPv6;
  if (spec.prefix_length < lengths.min || spec.prefix_length > lengths.max) {
    errors.Add("spec.prefixLength",
               fmt::format("is {}, not {} to {}", spec.prefix_length, lengths.min, lengths.max));
  }
}

void CheckSubnetSpecImmutable(const SubnetSpec& before, const SubnetSpec& after,
                              FieldErrors& errors) {
  const char* fixed = "can't be changed";
  if (before.subnet_class != after.subnet_class) errors.Add("spec.subnetClass", fixed);
  if (before.ip_family != after.ip_family) errors.Add("spec.ipFamily", fixed);
  if (!(before.network_context == after.network_context)) {
    errors.Add("spec.networkContext", fixed);
  }
  if (!(before.location == after.location)) errors.Add("spec.location", fixed);
  if (before.prefix_length != after.prefix_length) errors.Add("spec.prefixLength", fixed);
}

}  // namespace sluice
