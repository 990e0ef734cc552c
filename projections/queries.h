// Queries: what is true now, over every partition of a node. Threadsafe; reads local storage only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/entity_key.h"
#include "events/envelope.gen.h"
#include "projections/node_view.h"
#include "projections/object_text.h"
#include "projections/past_ahead.h"
#include "projections/past_stores.h"
#include "projections/recovery.h"
#include "projections/waypoint.h"

namespace sluice {

struct QueryOptions {
  const KindRegistry* kinds = nullptr;
  std::vector<const PartitionStore*> stores;  // by partition; outlive the queries
  std::function<uint32_t(std::string_view entity)> partition_of;
  // Single records of a partition's log: Journal::ReadRecords.
  std::function<Result<void>(uint32_t partition, std::span<const uint64_t> sequences,
                             const EventVisitor&)>
      read_records;
  // What the past is read from, before the log; outlives the queries. May be null.
  PastStores* past = nullptr;
  size_t kept_views_max = 64;
  // Of a list of the past: entities that are folded together, some 6 KB each while they are, and
  // what is kept of those folded ahead.
  size_t past_chunk_max = 16384;
  size_t past_kept_bytes_max = size_t{32} << 20;
};

struct ListRequest {
  const KindInfo* kind = nullptr;
  std::optional<std::string> namespace_;
  // A label all results have, where one is known: its index is read instead of the whole kind.
  std::optional<std::pair<std::string, std::string>> label;
  // Likewise of an index of the kind's machine.
  std::optional<IndexEntry> index;
  std::function<bool(const std::string& json)> matches;  // empty: all
  size_t limit = 0;                                      // 0: no limit
  std::string continue_token;
  std::optional<Coverage> past;  // as it was then; a continue token holds both, too
  Time past_time;                // when that was, as the asker sees it: ObjectList::as_of
};

struct ObjectList {
  std::vector<ObjectText> items;  // by (namespace, name)
  std::string continue_token;     // "" at the end
  Coverage coverage;              // the same on every page
  Time as_of;                     // of a list of the past: likewise
};

struct JsonList {
  std::vector<std::string> items;
  std::string continue_token;
  Coverage coverage;
};

struct ActionRequest {
  // "namespace/name" of a location, the name of one, or of a provider; nullopt: all.
  std::optional<std::string> location;
  size_t limit = 0;
  std::string continue_token = "";
};

// {"entity", "verb", "target", "location", "uid", "generation", "attempt"}
std::string ActionJson(std::string_view entity, const PendingAction& action);
// Whether `asked` (ActionRequest::location) names the location of an action.
bool IsAtLocation(const std::optional<std::string>& asked, std::string_view location);

class Queries;

// Every object of a kind at one moment, one by one. Used by one thread at a time; must not outlive
// its Queries.
class ObjectScan {
 public:
  const Coverage& coverage() const { return view_->coverage; }
  // By (namespace, name); nullopt at the end.
  Result<std::optional<ObjectText>> Next();

 private:
  friend class Queries;
  ObjectScan(const Queries* queries, std::shared_ptr<const NodeView> view, std::string rows,
             std::string after)
      : queries_(queries), view_(view), cursor_(view, std::move(rows), std::move(after)) {}

  const Queries* queries_;
  std::shared_ptr<const NodeView> view_;
  EntityCursor cursor_;
};

class Queries {
 public:
  explicit Queries(QueryOptions options);

  uint32_t partitions() const { return static_cast<uint32_t>(options_.stores.size()); }
  const KindRegistry& kinds() const { return *options_.kinds; }
  uint32_t PartitionOf(std::string_view entity) const { return options_.partition_of(entity); }

  // nullopt: absent or deleted.
  Result<std::optional<ObjectText>> Get(const EntityKey& key) const;
  // A past moment: the decision at `position` picks its own partition exactly and the others by
  // decision time; a time picks all by decision time. kNotFound: not decided yet.
  Result<Coverage> CoverageAt(const DecisionPosition& position) const;
  Result<Coverage> CoverageAt(Time time) const;
  // When the last decision of `coverage` was; unset: it has none. kNotFound: not decided yet.
  Result<Time> TimeAt(const Coverage& coverage) const;
  // The object as it was then. nullopt: absent. kNotFound: `coverage` is not reached yet.
  Result<std::optional<ObjectText>> GetAt(const EntityKey& key, const Coverage& coverage) const;

  // kNotFound: the continue token is older than what is kept. kInvalid: it is none.
  Result<ObjectList> List(const ListRequest& request);

  // What is there now.
  Result<ObjectScan> Scan(const KindInfo& kind, std::optional<std::string> namespace_) const;

  // Oldest first: {position, time, actor, command, verdict, rejection, events, effects, ...}.
  Result<JsonList> History(const EntityKey& key, size_t limit, std::string_view continue_token);

  Result<JsonList> Actions(const ActionRequest& request);

  // {entity, since, reason, parked}
  Result<JsonList> Quarantined(size_t limit, std::string_view continue_token);

  // Entities of `kind` whose machine put them under (index, value), by (namespace, name).
  Result<std::vector<std::string>> FindByIndex(std::string_view kind, std::string_view index,
                                               std::string_view value) const;

  // Objects by (kind, phase name).
  std::map<std::pair<std::string, std::string>, uint64_t> Counts() const;

  // How far every partition is applied.
  Coverage Applied() const;

 private:
  friend class ObjectScan;
  friend class PastPage;

  Result<std::optional<ObjectText>> ReadObject(const StoreView& view, size_t partition,
                                               std::string_view entity) const;
  // The object before the decision at `next`.
  Result<std::optional<ObjectText>> FoldObject(const std::shared_ptr<const StoreView>& view,
                                               uint32_t partition, const EntityKey& key,
                                               uint64_t next) const;
  // What the entity was some time before `next`, and the decisions to fold on it, ascending.
  struct PastWay {
    PastStart start;
    std::vector<uint64_t> sequences;
  };
  // From the latest snapshot or waypoint.
  Result<PastWay> WayTo(const std::shared_ptr<const StoreView>& view, uint32_t partition,
                        const EntityKey& key, uint64_t next) const;
  Result<PastStart> StartOfPast(uint32_t partition, const EntityKey& key, uint64_t next) const;
  Result<ObjectList> ListPast(const ListRequest& request, const Coverage& coverage, Time time,
                              std::string_view after);
  // Where a list goes on behind `after`, with `wanted` entities or more, unless there are fewer.
  Result<PastAhead::Place> PlaceInPast(const PastChunk::Key& key, std::string_view after,
                                       size_t wanted);
  Result<std::shared_ptr<const PastChunk>> ReadPastChunk(PastChunk::Key key, std::string_view after,
                                                         size_t items_max) const;
  Result<void> CheckReached(const Coverage& coverage) const;
  Result<LogRecord> ReadRecord(uint32_t partition, uint64_t sequence) const;
  // Those at `sequences`, ascending, which must be there; until `visit` fails.
  using RecordReader = std::function<Result<void>(uint64_t sequence, std::string_view bytes)>;
  Result<void> ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                           const RecordReader& visit) const;
  Result<Time> TimeOf(const DecisionPosition& position) const;
  // One past the last decision of `partition` not after `time`.
  Result<uint64_t> NextAfter(uint32_t partition, Time time) const;
  Result<std::string> QuarantineJson(const StoreView& view, uint32_t partition,
                                     std::string_view entity) const;

  QueryOptions options_;
  NodeViews views_;
  PastAhead past_ahead_;
};

}  // namespace sluice
