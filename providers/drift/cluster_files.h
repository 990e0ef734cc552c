#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "events/result.h"

// Clusters whose state is kept in files, one directory each:
//   DIR/CLUSTER/revision    the commit that is rolled out there, one line
//   DIR/CLUSTER/health      optional: `Healthy`, or a word for what it is instead
//   DIR/CLUSTER/manifests/  what is wanted, as the commit has it
//   DIR/CLUSTER/live/       what is there
// or a Git checkout: HEAD is the revision and what is wanted, the working tree what is there.
namespace sluice::drift {

struct Difference {
  std::string path;  // "app.yaml", or "app.yaml spec.replicas"
  std::string want;  // Empty: nothing.
  std::string got;
  bool operator==(const Difference&) const = default;
};

struct ClusterState {
  std::string revision;
  std::string health = "Healthy";
  std::vector<Difference> differences;
  bool operator==(const ClusterState&) const = default;
};

using Files = std::map<std::string, std::string>;  // Path -> content.

// kNotFound when there is no such cluster; kInvalid, naming the file, when it cannot be understood.
// A commit that contains `wanted` counts as `wanted` (Git checkouts only): a later delivery does
// not take an earlier one back.
Result<ClusterState> ReadCluster(const std::filesystem::path& directory, const std::string& cluster,
                                 const std::string& wanted);

// Field by field where both are YAML or JSON, else file by file; ordered by path.
std::vector<Difference> Compare(const Files& want, const Files& got);

// Every scalar of a YAML or JSON text by its path: "spec.ports[0].port" -> "80". kInvalid when it
// is neither. Several documents are numbered: "1:spec".
Result<std::map<std::string, std::string>> Fields(const std::string& text);

}  // namespace sluice::drift
