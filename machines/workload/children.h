// The deployments of a workload as it keeps them, and the rows they add up to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machines/workload/workload.h"

namespace sluice::workload {

// A city or a location of a placement: where a deployment is wanted.
struct Place {
  std::string placement;
  std::string place;
  bool by_location = false;
  const ScaleSettings* scale = nullptr;
};

std::vector<Place> PlacesOf(const WorkloadSpec& spec);
// "LHR" -> "lhr"
std::string LowerCase(std::string text);

// `<workload>-<placement>-<place in lower case>`, or the next one after those that are another's:
// of somebody else, as was heard, or of the workload's own at another place. It has none now.
void ChooseName(const Workload& state, WorkloadDeployment& deployment);
std::string KeyOf(const std::string& placement, const std::string& place);
std::optional<WorkloadDeployment> FindDeployment(const Workload& state, const std::string& key);
std::optional<WorkloadDeployment> DeploymentNamed(const Workload& state, const std::string& name);

struct Fault {
  uint32_t severity = 0;
  std::string reason;
  std::string message;
};
// The worst a placement's deployments tell while none is available; the workload's without a name.
std::optional<Fault> WorstFault(const Workload& state, const std::string& placement);

// --- For evolve
void Put(Workload& state, const WorkloadDeployment& deployment);
void Erase(Workload& state, const std::string& key);
// Rows for the placements of the spec, summed up anew.
void RebuildRows(Workload& state);

}  // namespace sluice::workload
