// The projections of a partition against the fold, at the position the projections are of.
#include <set>

#include "projections/object_text.h"
#include "projections/store_mentions.h"
#include "projections/store_view.h"
#include "replay/verify_partition.h"

namespace sluice::replay {
namespace {

// An entity that a decision looked at and that never was has no record.
bool IsNothing(const LoadedEntity& entity) {
  return entity.state->version == 0 && entity.marks == EntityMarks{} &&
         entity.state->relations_part() == Relations{} && entity.state->metadata_part().uid.empty();
}

std::string HashText(Hash128 hash) { return "\"" + ToHex(hash) + "\""; }

std::vector<FieldDiff> DiffRecord(const EntityRecord& stored, const LoadedEntity& folded) {
  std::vector<FieldDiff> fields;
  const auto compare = [&](const char* path, const std::string& a, const std::string& b) {
    if (a != b) fields.push_back({path, a, b});
  };
  compare("version", std::to_string(stored.version), std::to_string(folded.state->version));
  compare("sequence", std::to_string(stored.sequence), std::to_string(folded.sequence));
  compare("itemHashSum", HashText(stored.item_hash_sum), HashText(folded.state->items.hash_sum()));
  for (FieldDiff& diff : Diff(stored.marks, folded.marks)) {
    diff.path = "marks." + diff.path;
    fields.push_back(std::move(diff));
  }
  const auto root = UnpackRoot(*folded.kind, stored.root);
  if (!root) {
    fields.push_back({"root", root.error().message, ""});
    return fields;
  }
  for (FieldDiff& diff : Diff(folded.state->root_type(), (*root)->root(), folded.state->root())) {
    fields.push_back(std::move(diff));
  }
  return fields;
}

}  // namespace

Result<std::optional<StoreDifference>> CompareWithStore(const StoreView& view,
                                                        const PartitionFold& fold,
                                                        const KindRegistry& kinds) {
  for (const auto& [key, entity] : fold.entities()) {
    if (IsNothing(entity)) continue;
    auto stored = view.Get(key);
    if (!stored) return tl::unexpected(stored.error());
    StoreDifference difference{
        .entity = key, .sequence = entity.sequence, .message = "", .fields = {}};
    if (!*stored) {
      difference.message = key + " is not in the projections";
      return std::optional(std::move(difference));
    }
    difference.fields = DiffRecord(**stored, entity);
    if (difference.fields.empty()) continue;
    difference.message = key + " is another in the projections than the log makes it";
    return std::optional(std::move(difference));
  }
  for (const KindInfo* kind : kinds.kinds()) {
    std::optional<StoreDifference> found;
    const auto known = [&](std::string_view entity, bool must_exist) {
      const auto folded = fold.entities().find(std::string(entity));
      const bool there =
          folded != fold.entities().end() && (!must_exist || folded->second.state->Exists());
      if (!there) {
        found = StoreDifference{
            .entity = std::string(entity),
            .sequence = fold.record().sequence,
            .message = fmt::format("{} is {} in the projections, and not in the log", entity,
                                   must_exist ? "listed" : "kept"),
            .fields = {}};
      }
      return there;
    };
    auto scanned = view.ScanEver(kind->name, std::nullopt,
                                 [&](std::string_view entity) { return known(entity, false); });
    if (!scanned) return tl::unexpected(scanned.error());
    if (found) return found;
    std::set<std::string, std::less<>> listed;
    scanned = view.ScanEntities(store::LiveRows(kind->name, std::nullopt), "",
                                [&](std::string_view entity) {
                                  listed.emplace(entity);
                                  return known(entity, true);
                                });
    if (!scanned) return tl::unexpected(scanned.error());
    if (found) return found;
    for (const auto& [key, entity] : fold.entities()) {
      if (entity.kind != kind || !entity.state->Exists() || listed.contains(key)) continue;
      return std::optional(StoreDifference{.entity = key,
                                           .sequence = entity.sequence,
                                           .message = key + " is listed nowhere",
                                           .fields = {}});
    }
  }
  return std::optional<StoreDifference>();
}

}  // namespace sluice::replay
