#include "machines/network/subnetclaim/subnetclaim.h"

namespace sluice {

void Evolve(SubnetClaim& claim, const SubnetClaimSubnetNamed& event) {
  claim.own.subnet = event.name;
  claim.own.outcome = event.outcome;
  claim.own.taken = event.taken;
  claim.own.confirmed = false;
  claim.own.seen = {};
}

void Evolve(SubnetClaim& claim, const SubnetClaimSubnetConfirmed&) {
  claim.own.outcome = 0;
  claim.own.confirmed = true;
}

void Evolve(SubnetClaim& claim, const SubnetClaimSubnetSeen& event) {
  claim.own.seen = event.subnet;
  claim.status.prefix = event.subnet.prefix;
}

void Evolve(SubnetClaim& claim, const SubnetClaimReadied& event) {
  claim.status.phase = SubnetClaimPhase::kReady;
  claim.status.subnet_ref = event.subnet;
}

void Evolve(SubnetClaim& claim, const SubnetClaimUnreadied&) {
  claim.status.phase = SubnetClaimPhase::kPending;
}

void Evolve(SubnetClaim& claim, const CascadeRequested&) { claim.own.cascade = true; }

}  // namespace sluice
