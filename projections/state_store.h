// StateStore: what a partition's processor asks of its projections, and the one write it makes.
//
// PartitionStore (RocksDB) is the real one; the simulator has its own. Load and the find and scan
// functions are used by the partition's thread; Apply too, and by nobody else.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/envelope.gen.h"
#include "events/projections.gen.h"
#include "events/result.h"
#include "projections/fold.h"

namespace sluice {

struct StoredForm;

// A committed record of the log.
struct AppliedRecord {
  std::shared_ptr<const LogRecord> record;   // a decision or the start of a term
  std::shared_ptr<const EntityState> after;  // its entity's after it; null: it changed none
  // CommandFingerprint of its command, where IsRemembered and whoever decided it has it at hand.
  std::optional<Hash128> fingerprint = std::nullopt;
};

// An entity as it is after the last of the batch's decisions that touched it.
struct TouchedEntity {
  LoadedEntity entity;   // a snapshot: `state` is never changed afterwards
  Items::Changes items;  // of the whole batch
};

// What one commit made true, applied with one write.
struct AppliedBatch {
  std::vector<AppliedRecord> records;  // ascending by sequence
  std::map<std::string, TouchedEntity, std::less<>> touched;
  PartitionState after;
};

class StateStore {
 public:
  virtual ~StateStore() = default;

  // The partition's own state at the applied position.
  virtual const PartitionState& applied() const = 0;

  // An entity as it was last applied; a default-made one of its kind if it never existed.
  // kInvalid: no such kind in this build. kIo, kCorruption.
  virtual Result<LoadedEntity> Load(const EntityKey& key) = 0;

  // Its items, as Load gives them with it. Reads nothing. It is of a kind of this build.
  virtual std::shared_ptr<const ItemSource> ItemsOf(const EntityKey& key) = 0;

  // What a command id of a user came to, if it is remembered. `stored`: of the entity as Load gave
  // it, and as Apply has kept it since; null where the caller has none, and it is read.
  virtual Result<std::optional<RememberedCommand>> FindCommand(std::string_view entity,
                                                               std::string_view id,
                                                               const StoredForm* stored) = 0;

  using TimerVisitor =
      std::function<void(Time due, std::string_view entity, std::string_view timer_id)>;
  virtual Result<void> ScanTimers(const TimerVisitor& visit) = 0;

  // Entities that are quarantined or have parked commands.
  using MarksVisitor = std::function<void(std::string_view entity, const EntityMarks& marks)>;
  virtual Result<void> ScanMarked(const MarksVisitor& visit) = 0;

  virtual Result<void> Apply(const AppliedBatch& batch) = 0;
};

// Of (type, payload, expected version): what tells a repeated command from another under its id.
Hash128 CommandFingerprint(const Command& command);
// A command whose id was given by its caller, so that a repetition is recognised.
bool IsRemembered(const Decision& decision);
// What is kept of it, decided at `sequence`. Expects IsRemembered; `fingerprint` is its command's.
RememberedCommand RememberedAs(const Decision& decision, uint64_t sequence, Hash128 fingerprint);

}  // namespace sluice
