// The fold: what one record of the log does to a partition, without storing anything.
//
// Live decisions, recovery, warm copies and replay all go through here, so they cannot differ.
#pragma once

#include <memory>
#include <string_view>

#include "events/codec.h"
#include "events/envelope.gen.h"
#include "events/payload_pool.h"
#include "events/projections.gen.h"
#include "events/result.h"
#include "machines/common/kind.h"

namespace sluice {

struct StoredForm;

// An entity in memory: its machine state and what the engine keeps beside it.
struct LoadedEntity {
  const KindInfo* kind = nullptr;  // null: a kind this build does not know
  // Replaced, never changed, by a live decision: whoever holds a copy of this struct has a
  // snapshot.
  std::shared_ptr<EntityState> state;
  EntityMarks marks;
  uint64_t sequence = 0;                     // of the last decision that changed the object
  std::shared_ptr<StoredForm> stored;        // the store's note of what it has; made by Load
  std::shared_ptr<const ItemSource> source;  // keeps alive what state->items reads
};

// A record as far as a fold reads it. Used again for the next one, so that its memory is.
struct FoldedRecord {
  PayloadPool pool;       // of events
  LogRecord record;       // without the command's payload, the follow-ups' commands and the reply
  PackedPayload payload;  // of the command: a view into the bytes that were read
};
// kCorruption says what is wrong with the bytes.
Result<void> UnpackToFold(std::string_view bytes, FoldedRecord* out);

// Checks term, sequence and chain of `record` against `partition` (I3) and moves it on.
// `bytes` is the record as it stands in the log. kCorruption names what is wrong;
// kFenced: a record of an older term, to be skipped by every reader alike.
Result<void> FoldPartition(PartitionState& partition, const LogRecord& record,
                           std::string_view bytes);

// What it does to the marks alone: parked commands leave at the front and join at the end, one that
// fails again stays the first.
void FoldMarks(EntityMarks& marks, const Decision& decision, uint64_t sequence);

// What `decision` at `sequence` does to its entity: events, timers, version, marks.
// Does nothing for decisions without an entity (settings, forwarded, dead-lettered).
// kCorruption when the state hash stored in the decision is not what comes out (I5);
// kUnknownType when an event is of a type this build does not know.
Result<void> FoldEntity(LoadedEntity& entity, const Decision& decision, uint64_t sequence);

// The entity whose state `decision` may change, or an empty view.
std::string_view FoldedEntity(const Decision& decision);

}  // namespace sluice
