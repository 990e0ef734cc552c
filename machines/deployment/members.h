// The instances of a deployment as it keeps them: items, and the sets they are filed under.
//
// An ordinal belongs to at most one set of the plan, to at most one severity, and counts towards
// the sums of the status; all of it follows from its items, the template's hash and the number
// wanted (filing.h). Whoever changes one of these refiles: Put and Erase do for their ordinal,
// RefileAll after the template or the number changed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "machines/deployment/deployment.h"

namespace sluice::deployment {

// What climbs to the deployment while nothing is ready, the worst first. Wire values: they are in
// keys and in DeploymentDetail.
enum class Severity : uint8_t {
  kNone = 0,
  kNetworkFailed = 1,   // NetworkFailedToCreate
  kNetworkMissing = 2,  // NetworkNotFound
  kFailed = 3,          // an instance failed, or could not be made
  kGated = 4,           // gates other than Network
  kProvisioningNetwork = 5,
  kProvisioningInstances = 6,
};

// Whether `item` is ready on the template it was last given.
bool IsReady(const DeploymentMember& item);

std::optional<DeploymentMember> FindMember(const Deployment& state, uint64_t ordinal);
OrdinalItem OrdinalOf(const Deployment& state, uint64_t ordinal);
std::optional<uint64_t> OrdinalNamed(const Deployment& state, const std::string& name);
// The name of its next instance.
std::string NameOf(const Deployment& state, const std::string& deployment, uint64_t ordinal);

// Ordinals of a set in its order, from `from` (a key; empty for the first) on.
std::vector<uint64_t> OrdinalsOf(const Deployment& state, CollectionId set, size_t limit,
                                 const std::string& from = "");

struct Fault {
  Severity severity = Severity::kNone;
  std::string reason;
  std::string message;
};
// The worst of what its instances tell.
std::optional<Fault> WorstFault(const Deployment& state);

struct Due {
  Time time;
  uint64_t ordinal = 0;
};
// The ordinals whose back-off ends first, and when.
std::vector<Due> NextDue(const Deployment& state, size_t limit);

// --- For evolve
void Put(Deployment& state, uint64_t ordinal, const DeploymentMember& item);
void Erase(Deployment& state, uint64_t ordinal);
void PutOrdinal(Deployment& state, uint64_t ordinal, const OrdinalItem& item);
// `change` changes spec.template, its hash or the number wanted; all are filed anew around it.
void RefileAll(Deployment& state, const std::function<void(Deployment&)>& change);

}  // namespace sluice::deployment
