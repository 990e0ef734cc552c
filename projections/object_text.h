// Objects as users see them: JSON in the shape of Kubernetes, and table cells. Pure functions.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/projections.gen.h"
#include "events/result.h"
#include "machines/common/kind.h"

namespace sluice {

// An object at one version.
struct ObjectText {
  std::string entity;  // "kind/namespace/name"
  const KindInfo* kind = nullptr;
  uint64_t version = 0;
  std::string resource_version;    // its own position
  std::string json;                // with metadata.resourceVersion
  std::vector<std::string> cells;  // NAME, AGE (its creation, RFC 3339), the kind's columns
};

// {"apiVersion", "kind", "metadata", "spec", "status"}; what else the root has is the machine's
// own.
std::string ObjectJson(const KindInfo& kind, const EntityState& state,
                       std::string_view resource_version);

ObjectText MakeObjectText(const KindInfo& kind, std::string_view entity, const EntityState& state,
                          std::string_view resource_version);

// The state a packed root stands for; its items are not there. kCorruption.
Result<std::unique_ptr<EntityState>> UnpackRoot(const KindInfo& kind, std::string_view packed);

// JSON text of a value as a table shows it: a string without its quotes, null as nothing.
std::string CellText(std::string_view json);

// `json`, an object, with `member` (complete: "\"a\":1") put in front of its other members.
std::string WithMember(std::string_view member, std::string_view json);

}  // namespace sluice
