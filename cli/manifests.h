// Manifests: files and folders of YAML or JSON, read into the commands that apply or delete them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/session.h"

namespace sluice::cli {

// One object as its manifest has it.
struct Manifest {
  std::string where;  // "web.yaml, line 12, document 2", or "standard input, line 1"
  nlohmann::json object;
};

struct ManifestSet {
  std::vector<Manifest> manifests;
  std::vector<Failure> failures;  // Of what could not be read; the rest is there all the same.
};

// `path` is a file, a folder (its *.yaml, *.yml and *.json, by name, folders within it too) or "-".
// A List is taken apart into its items.
ManifestSet ReadManifests(Session& session, const std::string& path);

struct Addressed {
  ObjectRef ref;
  nlohmann::json payload;  // {spec, labels, annotations} as Apply takes it.
};

// What the manifest says in our terms: upstream's apiVersions are mapped onto our kinds. Bad input
// names the field; a kind nobody knows ends in "skipped".
Outcome<Addressed> Address(Session& session, const Manifest& manifest);

}  // namespace sluice::cli
