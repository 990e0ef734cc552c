// PartitionFold: one partition of a log folded in memory, record by record, with every rule of the
// log checked on the way. What verify and what-if walk through.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "events/envelope.gen.h"
#include "projections/fold.h"
#include "projections/partition_store.h"

namespace sluice::replay {

// Used by one thread.
class PartitionFold {
 public:
  using Entities = std::unordered_map<std::string, LoadedEntity>;

  // From the log's beginning; or from what a store of an earlier position has, `base`, on.
  PartitionFold(const KindRegistry& kinds, uint32_t partition,
                std::shared_ptr<PartitionStore> base = nullptr);

  // Takes the next record: unpacks it and checks its term, sequence and chain (I3), its input and
  // the numbers of its follow-ups (I8). False: of a fenced owner, to be skipped.
  Result<bool> Read(std::string_view bytes);
  // What Apply will fold, or has folded.
  const LogRecord& record() const { return record_; }
  // The state of the partition with this record.
  const PartitionState& state() const { return state_; }

  // The entity the record's command is addressed to, as it is before Apply; made where it never
  // was. Null where it is addressed to none, or to a kind this build does not know. Errors of
  // reading the base.
  Result<LoadedEntity*> Addressed();
  Result<LoadedEntity*> EntityOf(const Decision& decision);

  // Folds the record into its entity: transitions (I6), state hash (I5), version (I4).
  Result<void> Apply();

  // Instead of Apply, where the record was decided again and came out alike: `after` is the state
  // it left, of the hash that is recorded, every transition checked on the way.
  Result<void> Adopt(std::shared_ptr<EntityState> after);

  // The hash of the state of `decision`'s entity were it folded now; nothing is changed.
  Result<Hash128> HashAfter(const Decision& decision);

  // Those that a record was about.
  const Entities& entities() const { return entities_; }
  // Has `changed_items` say which items the last record changed.
  void NoteItems() { note_items_ = true; }
  const std::vector<ItemKey>& changed_items() const { return changed_items_; }
  // Of the node that owns the term.
  const Opened& opened() const { return opened_; }

 private:
  // What the decision made of the items, and its version.
  Result<void> Settle(LoadedEntity& entity, const Decision& decision);

  const KindRegistry& kinds_;
  const std::shared_ptr<PartitionStore> base_;
  PartitionState state_;
  LogRecord record_;
  Opened opened_;
  Entities entities_;
  bool note_items_ = false;
  std::vector<ItemKey> changed_items_;
};

}  // namespace sluice::replay
