// The projections of a partition against the fold, at the position the projections are of.
#include <set>

#include "events/codec.h"
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

// The same builds write the same bytes; others need not.
bool IsEqual(const EntityRecord& stored, const LoadedEntity& folded) {
  thread_local std::string root;
  if (stored.version != folded.state->version || stored.sequence != folded.sequence ||
      stored.item_hash_sum != folded.state->items.hash_sum() || stored.marks != folded.marks) {
    return false;
  }
  root.clear();
  PackInto(folded.state->root_type(), folded.state->root(), &root);
  return stored.root == root;
}

using Difference = std::optional<StoreDifference>;

StoreDifference Unfolded(std::string_view entity, const char* where, const PartitionFold& fold) {
  return {.entity = std::string(entity),
          .sequence = fold.record().sequence,
          .message = fmt::format("{} is {} in the projections, and not in the log", entity, where),
          .fields = {}};
}

StoreDifference Differing(const std::string& key, const LoadedEntity& entity, std::string message) {
  return {.entity = key, .sequence = entity.sequence, .message = std::move(message), .fields = {}};
}

// What is kept of each entity.
Result<Difference> CompareRecords(const StoreView& view, const PartitionFold& fold) {
  Difference found;
  size_t kept = 0;
  auto scanned = view.ScanRecords([&](std::string_view entity, const EntityRecord& stored) {
    ++kept;
    const auto folded = fold.entities().find(std::string(entity));
    if (folded == fold.entities().end()) {
      found = Unfolded(entity, "kept", fold);
      return false;
    }
    const auto& [key, state] = *folded;
    std::vector<FieldDiff> fields = DiffRecord(stored, state);
    if (fields.empty()) return true;
    found = Differing(key, state, key + " is another in the projections than the log makes it");
    found->fields = std::move(fields);
    return false;
  });
  if (!scanned) return tl::unexpected(scanned.error());
  if (found) return found;
  size_t wanted = 0;
  for (const auto& [key, entity] : fold.entities()) wanted += IsNothing(entity) ? 0 : 1;
  if (kept >= wanted) return found;
  for (const auto& [key, entity] : fold.entities()) {
    if (IsNothing(entity)) continue;
    auto stored = view.Get(key);
    if (!stored) return tl::unexpected(stored.error());
    if (!*stored) return Difference(Differing(key, entity, key + " is not in the projections"));
  }
  return found;
}

// Who is listed, of one kind.
Result<Difference> CompareListed(const StoreView& view, const PartitionFold& fold,
                                 const KindInfo& kind) {
  Difference found;
  std::set<std::string, std::less<>> listed;
  auto scanned =
      view.ScanEntities(store::LiveRows(kind.name, std::nullopt), "", [&](std::string_view entity) {
        const auto folded = fold.entities().find(*listed.emplace(entity).first);
        if (folded == fold.entities().end() || !folded->second.state->Exists()) {
          found = Unfolded(entity, "listed", fold);
        }
        return !found;
      });
  if (!scanned) return tl::unexpected(scanned.error());
  if (found) return found;
  for (const auto& [key, entity] : fold.entities()) {
    if (entity.kind != &kind || !entity.state->Exists() || listed.contains(key)) continue;
    return Difference(Differing(key, entity, key + " is listed nowhere"));
  }
  return found;
}

}  // namespace

std::vector<FieldDiff> DiffRecord(const EntityRecord& stored, const LoadedEntity& folded) {
  std::vector<FieldDiff> fields;
  if (IsEqual(stored, folded)) return fields;
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

Result<std::optional<StoreDifference>> CompareTouched(const StoreView& view,
                                                      const PartitionFold& fold) {
  for (const auto& [key, entity] : fold.entities()) {
    auto stored = view.Get(key);
    if (!stored) return tl::unexpected(stored.error());
    if (!*stored) {
      if (IsNothing(entity)) continue;
      return Difference(Differing(key, entity, key + " is not in the projections"));
    }
    std::vector<FieldDiff> fields = DiffRecord(**stored, entity);
    if (fields.empty()) continue;
    Difference found =
        Differing(key, entity, key + " is another in the projections than the log makes it");
    found->fields = std::move(fields);
    return found;
  }
  return Difference();
}

Result<std::optional<StoreDifference>> CompareWithStore(const StoreView& view,
                                                        const PartitionFold& fold,
                                                        const KindRegistry& kinds) {
  auto found = CompareRecords(view, fold);
  for (const KindInfo* kind : kinds.kinds()) {
    if (!found || *found) break;
    found = CompareListed(view, fold, *kind);
  }
  return found;
}

}  // namespace sluice::replay
