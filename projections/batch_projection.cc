#include "projections/batch_projection.h"

#include <algorithm>

#include "events/codec.h"
#include "machines/common/context.h"
#include "projections/state_store.h"
#include "projections/store_keys.h"
#include "projections/store_mentions.h"
#include "projections/store_values.h"
#include "projections/waypoint.h"

namespace sluice {
namespace {

using store::KindOf;
using store::Mention;

// What happened to the object, as a watch names it; kNone where there is none and was none.
Change::What WhatHappened(const Decision& decision, const EntityState& state) {
  const bool deleted_now =
      std::any_of(decision.events.begin(), decision.events.end(),
                  [](const Event& event) { return event.payload.As<EntityDeleted>() != nullptr; });
  if (deleted_now) return Change::What::kDeleted;
  if (!state.Exists()) return Change::What::kNone;
  const Metadata& metadata = state.metadata_part();
  // An incarnation's uid says which origin made it; times alone could coincide.
  const bool may_be_new = metadata.creation_timestamp == decision.time && decision.origin;
  if (may_be_new && metadata.uid == UidFromOrigin(*decision.origin)) return Change::What::kAdded;
  return Change::What::kModified;
}

std::vector<std::string> ActionsWithout(std::string_view mentions, std::string_view without) {
  std::vector<std::string> actions;
  std::optional<std::string_view> other = store::TakeMention(&without);
  while (const auto mention = store::TakeMention(&mentions)) {
    if (KindOf(*mention) != Mention::kAction) continue;
    while (other && *other < *mention) other = store::TakeMention(&without);
    if (other != mention) actions.emplace_back(*mention);
  }
  return actions;
}

}  // namespace

size_t Change::ByteSize() const {
  // The roots are shared: `before` is the `after` of an earlier change as a rule.
  size_t size = sizeof(Change) + entity.size() + (after ? after->size() : 0);
  for (const std::string& action : actions_ended) size += action.size();
  for (const std::string& action : actions_begun) size += action.size();
  return size;
}

ProjectedEntity* BatchProjection::At(std::string_view key) {
  const auto found = entities_.find(key);
  if (found != entities_.end()) return &found->second;
  if (!ParseEntityKey(key)) return nullptr;
  const auto at = entities_.try_emplace(std::string(key)).first;
  at->second.key = at->first;
  bytes_ += sizeof(ProjectedEntity) + 2 * key.size();
  return &at->second;
}

ProjectedEntity* BatchProjection::AddDecision(uint64_t sequence, const Decision& decision,
                                              std::optional<Hash128> fingerprint) {
  ++decisions_;
  // What was addressed to no entity has no history: the log alone holds it.
  ProjectedEntity* entity = decision.command ? At(decision.command->entity) : nullptr;
  if (entity != nullptr) bytes_ += entity->AddDecision(sequence, decision, fingerprint);
  return entity;
}

void BatchProjection::AddChange(uint64_t sequence, const Decision& decision, const KindInfo& kind,
                                const EntityState& after, StoredForm& stored) {
  const Change::What what = WhatHappened(decision, after);
  auto packed = std::make_shared<const Bytes>(Pack(after.root_type(), after.root()));
  if (what != Change::What::kNone) {
    Change change;
    change.sequence = sequence;
    change.what = what;
    change.entity = decision.command->entity;
    change.kind = &kind;
    change.version = after.version;
    if (what != Change::What::kAdded) change.before = stored.packed;
    change.after = packed;
    bytes_ += change.ByteSize();
    changes_.push_back(std::move(change));
  }
  stored.packed = std::move(packed);
  stored.version = after.version;
  if (ProjectedEntity* projected = At(decision.command->entity)) projected->packed = true;
}

void BatchProjection::Touch(std::string_view key, const LoadedEntity& entity, StoredForm& stored,
                            Items::Changes items) {
  ProjectedEntity* projected = At(key);
  CHECK(projected != nullptr);
  bytes_ += projected->Touch(entity, stored, std::move(items));
}

void BatchProjection::TouchLoaded() {
  for (auto& [key, projected] : entities_) {
    const LoadedEntity& loaded = projected.loaded;
    if (!loaded.state) continue;
    bytes_ += projected.Touch(loaded, *loaded.stored, loaded.state->items.TakeChanges());
  }
}

std::vector<const ProjectedEntity*> BatchProjection::Ordered() {
  std::vector<const ProjectedEntity*> ordered;
  ordered.reserve(entities_.size());
  for (auto& [key, entity] : entities_) {
    if (entity.prefix.empty()) entity.prefix = store::EntityPrefix(key);
    ordered.push_back(&entity);
  }
  std::sort(ordered.begin(), ordered.end(), [](const ProjectedEntity* a, const ProjectedEntity* b) {
    return a->prefix < b->prefix;
  });
  return ordered;
}

std::vector<Change> BatchProjection::TakeChanges() {
  std::vector<Change> changes = std::exchange(changes_, {});
  std::unordered_map<std::string, size_t> last;
  for (size_t i = 0; i < changes.size(); ++i) last[changes[i].entity] = i;
  for (const auto& [key, entity] : entities_) {
    auto ended = ActionsWithout(entity.mentions_before, entity.mentions_after);
    auto begun = ActionsWithout(entity.mentions_after, entity.mentions_before);
    if (ended.empty() && begun.empty()) continue;
    const auto object = last.find(key);
    const size_t at = object == last.end() ? changes.size() : object->second;
    if (at == changes.size()) {
      changes.emplace_back();
      changes.back().sequence = entity.last_sequence;
      changes.back().entity = key;
    }
    changes[at].actions_ended = std::move(ended);
    changes[at].actions_begun = std::move(begun);
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.sequence < b.sequence; });
  return changes;
}

Duration IdempotencyWindow(const ClusterConfigSpec& settings) {
  return settings.idempotency_window.value_or(Duration::Hours(24));
}

}  // namespace sluice
