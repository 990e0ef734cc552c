// BatchProjection: what a batch of decisions means for a partition's projections, made ready to be
// written. The live path and recovery both fill one, so what they write cannot differ.
//
// Used by one thread at a time. Keeps nothing of what it is given.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "events/projections.gen.h"
#include "projections/change.h"
#include "projections/fold.h"
#include "projections/item_layer.h"
#include "projections/recent.h"
#include "projections/store_keys.h"
#include "projections/store_values.h"

namespace sluice {

// What the store has of an entity, or will have once the batch at hand is written. Shared by the
// copies of a LoadedEntity; touched by the partition's thread alone.
struct StoredForm {
  std::string mentions;                        // packed (store_mentions.h)
  std::shared_ptr<const Bytes> packed;         // root as of its last change; null: not known
  std::weak_ptr<const EntityState> packed_of;  // the state whose root it is, where that is known
  bool is_written = false;                     // it has a row
  uint64_t version = 0;
  uint64_t decisions = 0;  // that a fold of it reads, counted up to its last Touch
  store::Recent recent;
};

// What `past` gets of an entity: the items changed on the way to a waypoint, and the waypoint where
// it was reached.
struct PastPart {
  uint64_t number = 0;     // of the waypoint
  uint64_t sequence = 0;   // of the decision it stands behind, where it was reached
  Bytes waypoint;          // its row's value; empty: not reached yet
  Items::Changes changes;  // of a replay, which goes through several; otherwise those of the batch
};

// What a batch writes about one entity.
struct ProjectedEntity {
  ProjectedEntity() = default;
  explicit ProjectedEntity(std::string_view entity) : key(entity) {}

  // History and remembered command of the decision at `sequence`, the entity's next. Returns what
  // that takes, roughly.
  size_t AddDecision(uint64_t sequence, const Decision& decision,
                     std::optional<Hash128> fingerprint = std::nullopt);
  // `entity` as the batch leaves it, and every change of its items in the batch. Brings `stored` up
  // to date. Once, after the last AddDecision. Returns what that takes, roughly.
  size_t Touch(const LoadedEntity& entity, StoredForm& stored, Items::Changes item_changes);
  // Of a replay: `loaded` is as of the decision added last. Keeps a waypoint where one is due.
  void Folded();

  // Decisions were added that only Touch has written.
  bool NeedsTouch() const { return !folded_decisions_.empty() || !remembered_.empty(); }

  LoadedEntity loaded;  // a replay's: the entity as folded so far
  std::string key;
  std::string prefix;    // of its rows; empty until `changed` or read by Ordered
  bool changed = false;  // `record` and the mentions are to be written
  std::string kind;
  Bytes record;  // value of `entities`
  // Of its state after the last decision so far, where that decision says; else zero.
  Hash128 state_hash;
  bool packed = false;  // StoredForm::packed is as of the last decision so far
  // Packed (store_mentions.h); both empty where they are the same.
  std::string mentions_before;
  std::string mentions_after;
  Items::Changes items;
  std::vector<PastPart> past;  // ascending by number
  uint64_t last_sequence = 0;
  // Rows of `history`; empty: none. Of decisions that a fold reads: what is no longer recent.
  std::vector<uint64_t> history;
  std::vector<uint64_t> other_history;
  // Rows of `commands`: what is no longer recent. Of an id that is there twice the last holds.
  store::Recent::Commands commands;
  // Deferred replies that came, for commands not among those: the command's id, and the sequence of
  // the decision that brought it.
  std::vector<std::pair<Hash128, uint64_t>> answered;

 private:
  // Counts what was added since. The number of the waypoint that comes next, or, if `*due`, is
  // reached.
  uint64_t CountDecisions(StoredForm& stored, bool* due);
  store::EntityParts PartsOf(const LoadedEntity& entity, const StoredForm& stored) const;

  void NoteReply(uint64_t sequence, const Decision& decision);
  void TouchRecent(store::Recent& recent);

  // Added and not yet taken into what is recent.
  std::vector<uint64_t> folded_decisions_;
  std::vector<std::pair<Hash128, RememberedCommand>> remembered_;
  uint64_t uncounted_ = 0;             // decisions that a fold reads
  std::shared_ptr<ItemLayer> folded_;  // of a replay: changes up to the last waypoint
};

class BatchProjection {
 public:
  // History and remembered commands of the decision at `sequence`, the next. Returns where its
  // entity stands, valid as long as the batch; null where it was addressed to none.
  // `fingerprint` of its command, where it is known already.
  ProjectedEntity* AddDecision(uint64_t sequence, const Decision& decision,
                               std::optional<Hash128> fingerprint = std::nullopt);

  // The object's version moved with that decision: a change for watches.
  void AddChange(uint64_t sequence, const Decision& decision, const KindInfo& kind,
                 const EntityState& after, StoredForm& stored);

  // `entity` as the batch leaves it, and every change of its items in the batch. Brings `stored` up
  // to date. Once per entity, after its last AddDecision.
  void Touch(std::string_view key, const LoadedEntity& entity, StoredForm& stored,
             Items::Changes items);
  // The same for every entity whose `loaded` is set.
  void TouchLoaded();

  size_t decisions() const { return decisions_; }
  size_t entities() const { return entities_.size(); }
  // Roughly what it holds.
  size_t ByteSize() const { return bytes_; }

  // In order of their rows.
  std::vector<const ProjectedEntity*> Ordered();
  // Ascending by sequence, with the actions that ended and began. Takes them.
  std::vector<Change> TakeChanges();

 private:
  struct KeyHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  // Null where `key` is none.
  ProjectedEntity* At(std::string_view key);

  size_t decisions_ = 0;
  size_t bytes_ = 0;
  std::unordered_map<std::string, ProjectedEntity, KeyHash, std::equal_to<>> entities_;
  std::vector<Change> changes_;
};

// Where else `entity` stands, packed: labels, machine indexes, phase, pending actions, timers.
std::string MentionsOf(const LoadedEntity& entity);

// How long a command id is remembered under these settings.
Duration IdempotencyWindow(const ClusterConfigSpec& settings);

}  // namespace sluice
