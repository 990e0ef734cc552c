// Timeline: the decisions about one entity, one after the other, with its state before and after.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/paths.h"
#include "projections/fold.h"
#include "projections/item_layer.h"
#include "replay/archive.h"

namespace sluice::replay {

// One decision about the entity. Views; valid for the call.
struct Moment {
  const LogRecord& record;
  const Decision& decision;
  const KindInfo& kind;
  // The same object where the decision changed nothing. Items read through either are those after.
  const EntityState& before;
  const EntityState& after;
  uint64_t changed_at = 0;  // sequence of the last decision that changed the object
  const EntityMarks& marks;

  DecisionPosition position() const { return {record.partition, record.sequence}; }
  bool changed() const { return &before != &after; }
  // What differs in the object's root.
  std::vector<FieldDiff> Changes() const;
  // "Creating -> WaitingReady"; empty: it stays in its phase.
  std::string Transition() const;
};

// False: enough.
using MomentVisitor = std::function<bool(const Moment&)>;

// Used by one thread; the archive outlives it.
class Timeline {
 public:
  Timeline(const Archive& archive, std::string_view entity);
  // Goes on by itself from where the other one is.
  Timeline(const Timeline& other);
  Timeline& operator=(const Timeline&) = delete;

  // Visits the decisions about the entity before sequence `end`, oldest first, and goes on next
  // time where this one ended. An entity that never was has none. kInvalid: no such kind in this
  // build; or what there is of the log does not lead to the decision `lost` then has. kCorruption,
  // kUnknownType: it cannot be folded.
  Result<void> Walk(uint64_t end, const MomentVisitor& visit);

  // The same, unseen: from the last waypoint before `end` where that is further, reading only what
  // changes the state; the hash is checked where it ends alone. `end` is reached: at most one past
  // the log's last record, or UINT64_MAX.
  Result<void> Skip(uint64_t end);

  const std::string& entity() const { return key_; }
  // As it is behind what was visited.
  const LoadedEntity& now() const { return loaded_; }
  const std::shared_ptr<ItemLayer>& items() const { return items_; }
  // Decisions about it that were visited or folded on the way here.
  uint64_t folded() const { return folded_; }
  // The decision before which some are not there, in a part of a log: from it on no state is known.
  std::optional<uint64_t> lost() const { return lost_; }
  // Whether one of them, or a waypoint, was about it.
  bool ever() const { return ever_; }

 private:
  // The next sequences before `end`, all or those that a fold reads; fewer than asked for at once:
  // that was all.
  Result<std::vector<uint64_t>> NextSequences(uint64_t end, bool folded) const;
  // Goes on from the last waypoint before `end`, unless it is beyond already.
  Result<void> Jump(uint64_t end);
  Result<bool> Step(const LogRecord& record, const MomentVisitor& visit);
  Result<void> Fold(const LogRecord& record);
  tl::unexpected<Error> Lost(const LogRecord& record);

  const Archive& archive_;
  const std::string key_;
  LoadedEntity loaded_;
  std::shared_ptr<ItemLayer> items_;
  uint64_t from_ = 0;  // what is before is behind
  uint64_t folded_ = 0;
  std::optional<uint64_t> lost_;
  bool ever_ = false;
};

// The whole of it before `end`.
Result<void> WalkTimeline(const Archive& archive, std::string_view entity, uint64_t end,
                          const MomentVisitor& visit);

// An entity as it was at a point.
struct PastEntity {
  const KindInfo* kind = nullptr;
  std::shared_ptr<EntityState> state;  // a default-made one if it never was
  std::shared_ptr<ItemLayer> items;    // what `state->items` reads
  EntityMarks marks;
  uint64_t changed_at = 0;
  bool ever = false;  // there was a decision about it

  bool Exists() const { return state != nullptr && state->Exists(); }
};
// Its root as JSON; "" where it does not exist.
std::string WholeObject(const PastEntity& entity);
// `visit` sees the decisions on the way there.
Result<PastEntity> EntityAt(const Archive& archive, std::string_view entity, const Coverage& point,
                            const MomentVisitor& visit = nullptr);

// "provider/local" reports what it did; everybody else commands.
bool IsReport(const Command& command);
// "Apply", "TimerDue ring": a command in a word or two.
std::string CommandText(const Command& command);

}  // namespace sluice::replay
