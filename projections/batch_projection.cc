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

std::vector<std::string> ActionsWithout(const std::vector<std::string>& mentions,
                                        const std::vector<std::string>& without) {
  std::vector<std::string> actions;
  for (const std::string& mention : mentions) {
    if (KindOf(mention) != Mention::kAction) continue;
    if (!std::binary_search(without.begin(), without.end(), mention)) actions.push_back(mention);
  }
  return actions;
}

// The deferred reply that `decision` brought to this entity, if it did.
void NoteReply(uint64_t sequence, const Decision& decision, ProjectedEntity& entity) {
  const auto* answered = decision.command->payload.As<Answered>();
  if (answered == nullptr || decision.verdict != Verdict::kAccepted) return;
  const auto own = std::find_if(entity.commands.begin(), entity.commands.end(),
                                [&](const auto& command) { return command.first == answered->id; });
  if (own != entity.commands.end()) {
    own->second.answered_by = sequence;
  } else {
    entity.answered.emplace_back(answered->id, sequence);
  }
}

void AddObjectMentions(const LoadedEntity& entity, std::vector<std::string>* mentions) {
  const EntityState& state = *entity.state;
  mentions->push_back(store::LiveMention());
  mentions->push_back(store::PhaseMention(entity.kind->phase(state)));
  for (const auto& [label, value] : state.metadata_part().labels) {
    mentions->push_back(store::LabelMention(label, value));
  }
  if (entity.kind->indexes == nullptr) return;
  for (const IndexEntry& entry : entity.kind->indexes(state)) {
    mentions->push_back(store::MachineMention(entry.index, entry.value));
  }
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

size_t ProjectedEntity::AddDecision(uint64_t sequence, const Decision& decision,
                                    std::optional<Hash128> fingerprint) {
  size_t size = sizeof(store::HistoryEntry);
  const bool folds = !FoldedEntity(decision).empty();
  history.push_back({sequence, folds});
  if (folds) ++uncounted_;
  packed = false;
  // The fold holds an accepted decision's hash against the state (I5).
  state_hash = decision.verdict == Verdict::kAccepted ? decision.state_hash : Hash128{};
  if (IsRemembered(decision)) {
    RememberedCommand remembered;
    remembered.fingerprint = fingerprint ? *fingerprint : CommandFingerprint(*decision.command);
    remembered.sequence = sequence;
    remembered.time = decision.time;
    remembered.reply_deferred = decision.reply_deferred;
    commands.emplace_back(decision.command->id, std::move(remembered));
    size += sizeof(RememberedCommand) + decision.command->id.size();
  }
  NoteReply(sequence, decision, *this);
  return size;
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

size_t ProjectedEntity::Touch(const LoadedEntity& entity, StoredForm& stored,
                              Items::Changes item_changes) {
  CHECK(entity.state != nullptr && entity.kind != nullptr);
  CHECK(!changed);
  changed = true;
  kind = entity.kind->name;
  if (prefix.empty()) prefix = store::EntityPrefix(key);
  bool due = false;
  const uint64_t number = CountDecisions(stored, &due);
  if (due || !item_changes.empty()) past.emplace_back().number = number;
  if (folded_) {
    if (!item_changes.empty()) past.back().changes = item_changes;
    folded_->Take(std::move(item_changes));
    items = folded_->Release();
  } else {
    items = std::move(item_changes);
  }
  size_t size = 0;
  for (const auto& [item, value] : items) {
    size += item.key.size() + (value ? value->size() : 0) + 64;
  }
  mentions_before = std::move(stored.mentions);
  mentions_after = MentionsOf(entity);
  stored.mentions = mentions_after;
  stored.packed_of = packed ? entity.state : nullptr;
  stored.is_written = true;

  thread_local Bytes root;
  if (!packed) PackInto(entity.state->root_type(), entity.state->root(), &root);
  store::EntityParts parts = PartsOf(entity, stored);
  parts.mentions = &mentions_after;
  parts.root = packed ? *stored.packed : root;
  store::EncodeEntity(parts, &record);
  if (due) {
    past.back().sequence = history.back().sequence;
    store::EncodeWaypoint(number, parts, &past.back().waypoint);
    size += past.back().waypoint.size();
  }
  return size + record.size();
}

void ProjectedEntity::Folded() {
  bool due = false;
  const uint64_t number = CountDecisions(*loaded.stored, &due);
  if (!due) return;
  PastPart& part = past.emplace_back();
  part.number = number;
  part.sequence = history.back().sequence;
  part.changes = loaded.state->items.TakeChanges();
  if (!folded_) {
    folded_ = std::make_shared<ItemLayer>(loaded.source, loaded.state->items.source());
    loaded.source = folded_;
    loaded.state->items.set_source(folded_.get());
  }
  folded_->Take(part.changes);
  store::EntityParts parts = PartsOf(loaded, *loaded.stored);
  thread_local Bytes root;
  PackInto(loaded.state->root_type(), loaded.state->root(), &root);
  parts.root = root;
  store::EncodeWaypoint(number, parts, &part.waypoint);
}

uint64_t ProjectedEntity::CountDecisions(StoredForm& stored, bool* due) {
  const uint64_t before = stored.decisions / kWaypointEvery;
  stored.decisions += std::exchange(uncounted_, 0);
  const uint64_t passed = stored.decisions / kWaypointEvery;
  *due = passed != before;
  return *due ? passed : passed + 1;
}

store::EntityParts ProjectedEntity::PartsOf(const LoadedEntity& entity,
                                            const StoredForm& stored) const {
  store::EntityParts parts;
  parts.decisions = stored.decisions;
  parts.version = entity.state->version;
  parts.sequence = entity.sequence;
  parts.item_hash_sum = entity.state->items.hash_sum();
  parts.state_hash = state_hash != Hash128{} ? state_hash : entity.state->Hash();
  parts.marks = &entity.marks;
  return parts;
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
    CHECK(!entity.history.empty());
    const auto object = last.find(key);
    const size_t at = object == last.end() ? changes.size() : object->second;
    if (at == changes.size()) {
      changes.emplace_back();
      changes.back().sequence = entity.history.back().sequence;
      changes.back().entity = key;
    }
    changes[at].actions_ended = std::move(ended);
    changes[at].actions_begun = std::move(begun);
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.sequence < b.sequence; });
  return changes;
}

std::vector<std::string> MentionsOf(const LoadedEntity& entity) {
  std::vector<std::string> mentions;
  const EntityState& state = *entity.state;
  for (const Timer& timer : state.relations_part().timers) {
    mentions.push_back(store::TimerMention(timer.id, timer.due));
  }
  if (!entity.marks.quarantined.empty() || !entity.marks.parked.empty()) {
    mentions.push_back(store::QuarantinedMention());
  }
  if (state.Exists()) AddObjectMentions(entity, &mentions);
  if (entity.kind->pending != nullptr) {
    for (const PendingAction& action : entity.kind->pending(state)) {
      mentions.push_back(store::ActionMention(action));
    }
  }
  std::sort(mentions.begin(), mentions.end());
  mentions.erase(std::unique(mentions.begin(), mentions.end()), mentions.end());
  return mentions;
}

Duration IdempotencyWindow(const ClusterConfigSpec& settings) {
  return settings.idempotency_window.value_or(Duration::Hours(24));
}

}  // namespace sluice
