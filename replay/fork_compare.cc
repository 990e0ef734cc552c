// How a fork ends beside its original.
#include <set>

#include "replay/fork.h"
#include "replay/timeline.h"

namespace sluice::replay {
namespace {

Result<std::set<std::string>> AllEntities(const Archive& archive) {
  std::set<std::string> entities;
  for (const KindInfo* kind : archive.kinds().kinds()) {
    auto scanned = archive.ScanEntities(kind->name, std::nullopt,
                                        [&](std::string_view entity) { entities.emplace(entity); });
    if (!scanned) return tl::unexpected(scanned.error());
  }
  return entities;
}

}  // namespace

Result<std::vector<ForkDifference>> CompareEnds(const Archive& original, const Archive& fork) {
  auto entities = AllEntities(original);
  if (!entities) return tl::unexpected(entities.error());
  auto others = AllEntities(fork);
  if (!others) return tl::unexpected(others.error());
  entities->merge(*others);
  std::vector<ForkDifference> differences;
  for (const std::string& entity : *entities) {
    auto before = EntityAt(original, entity, original.Now());
    if (!before) return tl::unexpected(before.error());
    auto after = EntityAt(fork, entity, fork.Now());
    if (!after) return tl::unexpected(after.error());
    ForkDifference difference{.entity = entity, .change = "", .fields = {}};
    if (before->Exists() != after->Exists()) {
      difference.change = after->Exists() ? "only in the fork" : "not in the fork";
    } else if (before->Exists()) {
      difference.change = "changed";
      for (FieldDiff& diff :
           Diff(after->state->root_type(), before->state->root(), after->state->root())) {
        if (!diff.path.starts_with("relations")) difference.fields.push_back(std::move(diff));
      }
      if (difference.fields.empty()) continue;
    } else {
      continue;
    }
    differences.push_back(std::move(difference));
  }
  return differences;
}

}  // namespace sluice::replay
