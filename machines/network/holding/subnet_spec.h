// The spec a subnetclaim shares with the subnet made for it.
#pragma once

#include "events/network.gen.h"
#include "machines/common/generic_commands.h"

namespace sluice {

void DefaultSubnetSpec(SubnetSpec& spec);
void ValidateSubnetSpec(const SubnetSpec& spec, FieldErrors& errors);
// All of it is immutable.
void CheckSubnetSpecImmutable(const SubnetSpec& before, const SubnetSpec& after,
                              FieldErrors& errors);

}  // namespace sluice
