// ProjectedEntity: what a batch writes about one entity.
#include <algorithm>
#include <utility>

#include "events/codec.h"
#include "projections/batch_projection.h"
#include "projections/state_store.h"
#include "projections/store_keys.h"
#include "projections/store_mentions.h"
#include "projections/store_values.h"
#include "projections/waypoint.h"

namespace sluice {
namespace {

void AddObjectMentions(const LoadedEntity& entity, store::MentionList* mentions) {
  const EntityState& state = *entity.state;
  mentions->AddLive();
  mentions->AddPhase(entity.kind->phase(state));
  for (const auto& [label, value] : state.metadata_part().labels) mentions->AddLabel(label, value);
  if (entity.kind->indexes == nullptr) return;
  for (const IndexEntry& entry : entity.kind->indexes(state)) {
    mentions->AddMachine(entry.index, entry.value);
  }
}

}  // namespace

std::string MentionsOf(const LoadedEntity& entity) {
  thread_local store::MentionList mentions;
  mentions.Clear();
  const EntityState& state = *entity.state;
  for (const Timer& timer : state.relations_part().timers) mentions.AddTimer(timer.id, timer.due);
  if (!entity.marks.quarantined.empty() || !entity.marks.parked.empty()) mentions.AddQuarantined();
  if (state.Exists()) AddObjectMentions(entity, &mentions);
  if (entity.kind->pending != nullptr) {
    for (const PendingAction& action : entity.kind->pending(state)) mentions.AddAction(action);
  }
  return mentions.Pack();
}

size_t ProjectedEntity::AddDecision(uint64_t sequence, const Decision& decision,
                                    std::optional<Hash128> fingerprint) {
  const bool folds = !FoldedEntity(decision).empty();
  (folds ? folded_decisions_ : other_history).push_back(sequence);
  last_sequence = sequence;
  if (folds) ++uncounted_;
  packed = false;
  // The fold holds an accepted decision's hash against the state (I5).
  state_hash = decision.verdict == Verdict::kAccepted ? decision.state_hash : Hash128{};
  if (!IsRemembered(decision)) {
    NoteReply(sequence, decision);
    return sizeof(sequence);
  }
  if (!fingerprint) fingerprint = CommandFingerprint(*decision.command);
  remembered_.emplace_back(store::CommandIdHash(decision.command->id),
                           RememberedAs(decision, sequence, *fingerprint));
  return sizeof(sequence) + sizeof(remembered_.back());
}

// The deferred reply that `decision` brought to this entity, if it did.
void ProjectedEntity::NoteReply(uint64_t sequence, const Decision& decision) {
  if (decision.verdict != Verdict::kAccepted) return;
  const auto* reply = decision.command->payload.As<Answered>();
  if (reply != nullptr) answered.emplace_back(store::CommandIdHash(reply->id), sequence);
}

// Replies come after what they reply to, so those of the batch's own commands find it.
void ProjectedEntity::TouchRecent(store::Recent& recent) {
  for (const uint64_t sequence : folded_decisions_) recent.AddDecision(sequence);
  folded_decisions_.clear();
  history = recent.TakeDecisions();
  for (const auto& [id, command] : remembered_) {
    recent.Remember(id, command);
    for (auto& taken : recent.TakeCommands()) commands.push_back(std::move(taken));
  }
  remembered_.clear();
  std::erase_if(answered, [&](const auto& reply) {
    auto command = recent.Find(reply.first);
    if (!command) return false;
    command->answered_by = reply.second;
    recent.Remember(reply.first, *command);
    return true;
  });
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
  if (std::string mentions = MentionsOf(entity); mentions != stored.mentions) {
    mentions_before = std::exchange(stored.mentions, std::move(mentions));
    mentions_after = stored.mentions;
  }
  stored.packed_of = packed ? entity.state : nullptr;
  stored.is_written = true;

  thread_local Bytes root;
  if (!packed) PackInto(entity.state->root_type(), entity.state->root(), &root);
  TouchRecent(stored.recent);
  store::EntityParts parts = PartsOf(entity, stored);
  parts.recent = &stored.recent;
  parts.mentions = stored.mentions;
  parts.root = packed ? *stored.packed : root;
  store::EncodeEntity(parts, &record);
  if (due) {
    past.back().sequence = last_sequence;
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
  part.sequence = last_sequence;
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

}  // namespace sluice
