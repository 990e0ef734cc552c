// How a fork ends beside its original.
#include <optional>
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

// nullopt: nothing differs.
std::optional<ForkDifference> Compare(const std::string& entity, const PastEntity& before,
                                      const PastEntity& after) {
  ForkDifference difference;
  difference.entity = entity;
  if (before.Exists() != after.Exists()) {
    difference.change =
        after.Exists() ? ForkDifference::Change::kOnlyInFork : ForkDifference::Change::kNotInFork;
    difference.fields = {{"", WholeObject(before), WholeObject(after)}};
  } else if (before.Exists()) {
    for (FieldDiff& diff :
         Diff(after.state->root_type(), before.state->root(), after.state->root())) {
      if (!diff.path.starts_with("relations")) difference.fields.push_back(std::move(diff));
    }
  }
  return difference.fields.empty() ? std::nullopt : std::optional(std::move(difference));
}

}  // namespace

Result<std::vector<ForkDifference>> CompareEnds(
    const Archive& original, const Archive& fork,
    const std::function<bool(std::string_view entity)>& selects) {
  auto entities = AllEntities(original);
  if (!entities) return tl::unexpected(entities.error());
  auto others = AllEntities(fork);
  if (!others) return tl::unexpected(others.error());
  entities->merge(*others);
  std::vector<ForkDifference> differences;
  for (const std::string& entity : *entities) {
    if (selects && !selects(entity)) continue;
    auto before = EntityAt(original, entity, original.Now());
    if (!before) return tl::unexpected(before.error());
    auto after = EntityAt(fork, entity, fork.Now());
    if (!after) return tl::unexpected(after.error());
    if (auto difference = Compare(entity, *before, *after)) {
      differences.push_back(std::move(*difference));
    }
  }
  return differences;
}

}  // namespace sluice::replay
