// StoreView: a partition's projections as they were at one applied position, for queries.
//
// Reads a RocksDB snapshot, so pages of a list fit together however long they are apart.
// Threadsafe. Must not outlive the store. Entities are named by their key text throughout.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/projections.gen.h"
#include "projections/store_db.h"
#include "projections/store_keys.h"
#include "projections/store_mentions.h"
#include "projections/store_values.h"

namespace rocksdb {
class Snapshot;
}

namespace sluice {

class StoreView {
 public:
  // Of what is applied now.
  explicit StoreView(std::shared_ptr<const StoreDb> db);
  ~StoreView();
  StoreView(const StoreView&) = delete;
  StoreView& operator=(const StoreView&) = delete;

  // One past the last decision this view shows.
  Result<uint64_t> NextSequence() const;

  // nullopt: the entity never was.
  Result<std::optional<EntityRecord>> Get(std::string_view entity) const;

  // Of the entity with that prefix; empty: it never was.
  Result<store::EntityTail> Tail(const std::string& entity_prefix) const;

  // Visits, in order of their rows, entities of an index from `store::LiveRows`, `LabelRows`,
  // `MachineRows` or `QuarantinedRows`; `after` skips up to and including that entity. Until
  // `visit` returns false.
  using EntityVisitor = std::function<bool(std::string_view entity)>;
  Result<void> ScanEntities(const std::string& rows, std::string_view after,
                            const EntityVisitor& visit) const;

  // Visits what is kept of every entity that ever was.
  using RecordVisitor = std::function<bool(std::string_view entity, const EntityRecord& record)>;
  Result<void> ScanRecords(const RecordVisitor& visit) const;

  // Visits every entity of a kind that ever was, deleted ones included; `after` as ScanEntities'.
  Result<void> ScanEver(std::string_view kind, std::optional<std::string_view> namespace_,
                        const EntityVisitor& visit, std::string_view after = "") const;

  // Pending actions, by location, or of all. `after_row` skips up to and including that row.
  using ActionVisitor = std::function<bool(std::string_view row, const store::ActionRow& action)>;
  Result<void> ScanActions(std::optional<std::string_view> location, std::string_view after_row,
                           const ActionVisitor& visit) const;

  // Sequences of the decisions addressed to `entity`, ascending from `from` on, at most `limit`.
  Result<std::vector<uint64_t>> History(std::string_view entity, uint64_t from, size_t limit) const;
  // Of those, the ones that a fold of its state reads.
  Result<std::vector<uint64_t>> FoldedHistory(std::string_view entity, uint64_t from,
                                              size_t limit) const;
  // The last `limit` before sequence `end`, ascending.
  Result<std::vector<uint64_t>> LastHistory(std::string_view entity, uint64_t end,
                                            size_t limit) const;

  // Rows of `past` (waypoint.h). The last at or before `row` that begins with `prefix`: false,
  // there is none.
  Result<bool> LastPastRow(const std::string& prefix, const std::string& row, std::string* key,
                           std::string* value) const;
  using RowVisitor = std::function<bool(std::string_view key, std::string_view value)>;
  // Those that begin with `prefix`, from `from` on.
  Result<void> ScanPast(const std::string& prefix, const std::string& from,
                        const RowVisitor& visit) const;
  // Every waypoint.
  using WaypointVisitor = std::function<void(std::string_view entity, uint64_t sequence)>;
  Result<void> ScanWaypoints(const WaypointVisitor& visit) const;

 private:
  Result<void> ScanRows(StoreFamily family, const std::string& prefix, const std::string& from,
                        const RowVisitor& visit) const;
  // What rows of `history` that begin with `rows` stand for: ascending from `from` on, and
  // descending from before `end`.
  Result<std::vector<uint64_t>> ReadHistory(const std::string& rows, uint64_t from,
                                            size_t limit) const;
  Result<std::vector<uint64_t>> ReadHistoryBack(const std::string& rows, uint64_t end,
                                                size_t limit) const;
  Result<bool> LastRow(StoreFamily family, const std::string& prefix, const std::string& row,
                       std::string* key, std::string* value) const;
  tl::unexpected<Error> Failed(Error error) const;

  const std::shared_ptr<const StoreDb> db_;
  const rocksdb::Snapshot* snapshot_;  // null where nothing changes
};

}  // namespace sluice
