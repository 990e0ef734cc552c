// Archive: a log to look into, whoever holds it: a running node, a data directory that none holds,
// an exported file. What the debugger asks goes through here, so that it answers alike on all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/envelope.gen.h"
#include "events/result.h"
#include "machines/common/kind.h"
#include "projections/recovery.h"
#include "projections/resource_version.h"
#include "projections/waypoint.h"

namespace sluice {
class PastStores;
class StoreView;
}  // namespace sluice

namespace sluice::replay {

// Records that are not there, of one partition: from `first` on, before `end`.
struct Gap {
  uint32_t partition = 0;
  uint64_t first = 0;
  uint64_t end = 0;
};

// What of a log an archive has.
struct Extent {
  bool whole = true;                       // false: a part was chosen, which does not chain
  std::string filter = {};                 // by what a part was chosen
  std::vector<std::string> redacted = {};  // paths; its records are then not those a node wrote
  bool damaged = false;                    // of what was chosen some could not be read
  std::vector<Gap> missing = {};           // of a whole log: what
  bool HasAll() const { return whole && !damaged; }
};
// "0:4 is missing", "0:4, 1:7 to 1:9 and more are missing"; empty: no gap.
std::string MissingText(const std::vector<Gap>& missing);

// Threadsafe. What it reads is committed and never changes.
class Archive {
 public:
  virtual ~Archive() = default;

  virtual const KindRegistry& kinds() const = 0;
  virtual uint32_t partitions() const = 0;
  // One past the last decision whose entity can be looked up. Rises on a running node.
  virtual uint64_t End(uint32_t partition) const = 0;
  // One past the last record of the log; at or past End.
  virtual Result<uint64_t> LogEnd(uint32_t partition) const = 0;
  // Visits records from `from` on until the visitor returns false: Journal::ReadEvents.
  virtual Result<void> Read(uint32_t partition, uint64_t from, const EventVisitor& visit) const = 0;
  // Visits the records at `sequences`, ascending, until the visitor returns false; those that are
  // not there are left out: Journal::ReadRecords.
  virtual Result<void> ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                                   const EventVisitor& visit) const = 0;
  // Sequences of the decisions addressed to `entity`, ascending from `from` on, at most `limit`.
  virtual Result<std::vector<uint64_t>> Sequences(std::string_view entity, uint64_t from,
                                                  size_t limit) const = 0;
  // Of those, the ones that a fold of its state reads; others may be among them.
  virtual Result<std::vector<uint64_t>> FoldedSequences(std::string_view entity, uint64_t from,
                                                        size_t limit) const {
    return Sequences(entity, from, limit);
  }
  // The last `limit` before sequence `end`, ascending.
  virtual Result<std::vector<uint64_t>> LastSequences(std::string_view entity, uint64_t end,
                                                      size_t limit) const = 0;
  // What `entity` was some of its decisions before `end`, to fold on from; nullopt: its beginning.
  virtual Result<std::optional<PastStart>> StartBefore(std::string_view entity, uint64_t end) const;
  // Every entity of a kind that ever was, deleted ones included.
  using EntityVisitor = std::function<void(std::string_view entity)>;
  virtual Result<void> ScanEntities(std::string_view kind,
                                    std::optional<std::string_view> namespace_,
                                    const EntityVisitor& visit) const = 0;
  virtual const Extent& extent() const;
  bool IsWhole() const { return extent().whole; }
  // The projections beside the log, as they are now; null: there are none.
  virtual std::shared_ptr<const StoreView> Projections(uint32_t partition) const;
  // Snapshots of it; null: there are none.
  virtual PastStores* Past() const { return nullptr; }

  uint32_t PartitionOf(std::string_view entity) const;
  // kNotFound: there is none, the message says what there is.
  Result<LogRecord> Record(const DecisionPosition& position) const;
  // When the record was decided, or its term opened.
  Result<Time> TimeOf(const DecisionPosition& position) const;
  // One past the last decision of `partition` that is not after `time`.
  Result<uint64_t> EndAt(uint32_t partition, Time time) const;
  // What is there now.
  Coverage Now() const;
  // A point in time: a position (its own partition exactly, the others by decision time), a
  // resourceVersion, or an RFC 3339 time; "" is what is there. kInvalid: none of these, or
  // in the future; `now` is the time by the caller's clock. kNotFound: not reached.
  Result<Coverage> PointAt(std::string_view text, Time now) const;
};

// The records at `sequences`, ascending, until `visit` returns false. Fails where one is not there.
Result<void> VisitRecords(const Archive& archive, uint32_t partition,
                          std::span<const uint64_t> sequences,
                          const std::function<bool(const LogRecord& record)>& visit);
// The same without unpacking them.
Result<void> VisitBytes(const Archive& archive, uint32_t partition,
                        std::span<const uint64_t> sequences, const EventVisitor& visit);

// Decisions about `entity` from sequence `from` on, until `visit` returns false: for what is in the
// records themselves; a Timeline has the states beside them.
Result<void> VisitDecisions(const Archive& archive, std::string_view entity, uint64_t from,
                            const std::function<bool(const LogRecord& record)>& visit);

// The decision time of a record, or when it opened its term.
Time TimeOfRecord(const LogRecord& record);

}  // namespace sluice::replay
