#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/basic_types.h"
#include "events/entity_key.h"
#include "service/api_error.h"
#include "service/selector.h"

namespace sluice::service {

// A table column. Every kind begins with NAME and has AGE. A `date` cell is RFC 3339; the API turns
// it into an age ("5m") when it renders.
struct Column {
  std::string name;             // "READY"
  std::string type = "string";  // "string", "integer", "date"
  bool wide = false;            // shown with -o wide only
};

struct KindInfo {
  std::string kind;             // "binding"
  std::string plural;           // "bindings"
  std::string camel;            // "Binding"
  bool namespaced = true;       // false: its objects live in namespace "sluice-system"
  std::vector<Column> columns;  // as ObjectView::cells
};

struct ObjectView {
  EntityKey key;
  std::string json;  // the whole object as users see it, metadata.resourceVersion included
  std::string resource_version;  // the object's own position
  uint64_t version = 0;          // dense version, what `expectedVersion` is compared with
  std::vector<std::string> cells;
  Time as_of{};  // read as it was then; unset: as it is now
};

// Where a read is made. Empty `exact` is now. Otherwise a resourceVersion, position or RFC 3339
// time to read as of.
struct ReadAt {
  std::string exact;
};

struct ListQuery {
  std::string kind;
  std::optional<std::string> namespace_;  // empty: all namespaces
  ObjectFilter filter;
  uint64_t limit = 0;          // 0: no limit
  std::string continue_token;  // from the page before; empty: from the start
  ReadAt at;
};

struct ObjectPage {
  std::vector<ObjectView> items;  // ordered by (namespace, name)
  std::string continue_token;     // empty: this was the last page
  std::string resource_version;   // covers every partition; a watch may go on from it
  Time as_of{};                   // as ObjectView::as_of
};

struct PageQuery {
  uint64_t limit = 0;
  std::string continue_token;
};

// A page of ready-made JSON objects (history entries, actions, quarantined entities, dead letters).
struct JsonPage {
  std::vector<std::string> items;
  std::string continue_token;
  std::string resource_version;  // set for actions, so that a watch may go on from it
};

struct WatchEvent {
  enum class Type : uint8_t { kAdded, kModified, kDeleted };
  Type type = Type::kAdded;
  ObjectView object;             // for kDeleted: the object as it was last
  std::string resource_version;  // covers every partition; the API writes it into the metadata
  // The object's JSON before this change; needed only where the query has a filter, so that an
  // object that stops matching is shown as DELETED and one that starts to as ADDED.
  // nullopt: not known, taken as having matched.
  std::optional<std::string> before;
};

// One watch. Pulled, so that nothing queues for a slow client: `Poll` is called again only when
// what it gave is written. Used by one thread at a time. Destroying it ends the watch; `wake` is
// not called once the destructor has returned.
class Subscription {
 public:
  virtual ~Subscription() = default;

  // Up to `max` events, in order, without gap or repeat; empty when there is none yet (then `wake`
  // is called when there may be). Expired (410) when this watch fell further behind than is kept.
  // Events that the filter excludes both before and after need not be given; the API filters.
  virtual Answer<std::vector<WatchEvent>> Poll(size_t max) = 0;

  // The resourceVersion up to which Poll has given everything: what a bookmark says.
  virtual std::string Position() const = 0;
};

struct WatchQuery {
  std::string kind;
  std::optional<std::string> namespace_;
  ObjectFilter filter;
  // Goes on after it, without gap or repeat. Empty, "0" or an object's own position: begins with
  // what is there now, as kAdded.
  std::string resource_version;
};

struct ActionQuery {
  std::string location;  // "namespace/name" or a name; empty: any
  std::string provider;  // "github"; empty: any
  PageQuery page;
  std::string resource_version;  // watch only, as in WatchQuery
};

// What a command came to. `json` is the command result of design §7, ready to send.
struct CommandAnswer {
  std::string json;
  bool accepted = false;
  std::string rejection_code;  // empty when accepted
  std::string rejection_message;
  std::string position;  // of the decision; a read that waits for it sees the effect
  // False: decided and durable, but the reply is deferred; a second call brings the final answer.
  bool final = true;
};
// Called from any thread, at most twice (see CommandAnswer::final). An ApiError means nothing was
// recorded (400: not a command; 429: too many of its sender's wait), or that the outcome is unknown
// (503, 504).
using CommandCallback = std::function<void(Answer<CommandAnswer>)>;

struct ResolveQuery {
  std::string namespace_;
  std::string name;    // of the binding; or
  std::string key;     // its bindingKey
  std::string expect;  // JSON text of an expected target; empty: none
};

struct LogQuery {
  std::string namespace_;
  std::string name;  // of an instance
  std::optional<uint64_t> tail_lines;
  bool follow = false;
};

// A process's output being read. Used by one thread at a time.
class LogReader {
 public:
  virtual ~LogReader() = default;
  struct Chunk {
    std::string bytes;
    bool end = false;  // nothing will follow
  };
  // At most `max_bytes`, never blocks; empty and not `end`: ask again later.
  virtual Answer<Chunk> Read(size_t max_bytes) = 0;
};

class SnapshotKeeper;

struct Readiness {
  bool ready = false;
  std::string reason;  // why not; or a word on what is running
};

// A snapshot for /metrics. Counters only rise while the process lives.
struct MetricsSnapshot {
  struct Objects {
    std::string kind, phase;
    uint64_t count = 0;
  };
  struct Verdict {
    std::string verdict;  // "accepted", "rejected", "duplicate", ...
    std::string kind;     // of the entity; may be empty
    uint64_t total = 0;
  };
  struct Partition {
    uint32_t partition = 0;
    uint64_t term = 0;
    uint64_t sequence = 0;              // of the last decision committed
    uint64_t applied_sequence = 0;      // of the last decision in the projections
    std::optional<uint64_t> input_lag;  // records not yet decided; nullopt: not known here
    bool stopped = false;
  };
  struct Histogram {
    std::vector<double> bounds_seconds;  // upper bounds, ascending, without +Inf
    std::vector<uint64_t> counts;        // per bucket, not cumulative; one more than bounds
    double sum_seconds = 0;
  };
  struct Extra {
    std::string name;  // complete, "sluice_quarantined_entities"
    std::string help;
    bool counter = false;  // else a gauge
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
  };
  std::vector<Objects> objects;
  std::vector<Verdict> commands;
  std::vector<Partition> partitions;
  Histogram commit_latency;
  std::vector<Extra> extras;
};

// Forgets its callback when destroyed; the callback is not running once the destructor returned,
// unless it is the callback that destroys it.
class Registration {
 public:
  virtual ~Registration() = default;
};

// What the API needs of a node. Every method may be called from any thread at any time and must not
// block on anything but local storage. Errors are given as they should reach the user.
class Backend {
 public:
  virtual ~Backend() = default;

  // Constant over the life of the backend.
  virtual const std::vector<KindInfo>& Kinds() const = 0;

  // Where a read has to go that needs what is not kept here, or not up to date yet.
  struct Elsewhere {
    std::string address;  // HOST:PORT; empty: nobody is known who has it now
    std::string why;      // a sentence for a person
    bool soon = false;    // here, as soon as it is up to date
  };
  // nullopt: it is answered here. `entity`: the key of what is read; null: it may be anything.
  virtual std::optional<Elsewhere> WhereIs(const EntityKey* /*entity*/) { return std::nullopt; }

  // NotFound when it is absent or deleted (at that point).
  virtual Answer<ObjectView> Get(const EntityKey& key, const ReadAt& at) = 0;
  // Expired when the continue token is older than what is kept. Must apply `filter`.
  virtual Answer<ObjectPage> List(const ListQuery& query) = 0;
  virtual Answer<std::unique_ptr<Subscription>> Watch(const WatchQuery& query,
                                                      std::function<void()> wake) = 0;

  // Calls `done` once reads are not older than `resource_version`: before it returns, if they
  // are already (then nullptr may be returned), else from any thread. `done` gets an error when the
  // version cannot be understood. The caller keeps the deadline.
  virtual std::unique_ptr<Registration> WhenReached(const std::string& resource_version,
                                                    std::function<void(Answer<void>)> done) = 0;

  // `command_json` is one command object of design §7, syntactically valid JSON of at most 256 KiB.
  // Commands take turns by their actor or, where they name none, by `connection`.
  virtual void Submit(std::string command_json, const std::string& connection,
                      CommandCallback done) = 0;

  // Oldest first. An entity that never was has an empty history.
  virtual Answer<JsonPage> History(const EntityKey& key, const PageQuery& page) = 0;

  // Pending actions: {entity, verb, target, uid, generation, attempt, ...}. In a watch,
  // `object.json` is the action and there is no `before`: an action ends with kDeleted.
  virtual Answer<JsonPage> Actions(const ActionQuery& query) = 0;
  virtual Answer<std::unique_ptr<Subscription>> WatchActions(const ActionQuery& query,
                                                             std::function<void()> wake) = 0;

  // The JSON body of /resolve. NotFound when there is no such binding.
  virtual Answer<std::string> Resolve(const ResolveQuery& query) = 0;

  // Entities of `kind` that its machine put under (index, value), in all namespaces.
  virtual Answer<std::vector<std::string>> FindByIndex(const std::string& kind,
                                                       const std::string& index,
                                                       const std::string& value) = 0;

  virtual Answer<JsonPage> Quarantined(const PageQuery& page) = 0;
  virtual void Release(const EntityKey& key, bool skip, CommandCallback done) = 0;

  virtual Answer<JsonPage> DeadLetters(const PageQuery& page) = 0;
  // Decides the bytes of a dead letter anew, as a command. `id` is the item's "id".
  virtual void RetryDeadLetter(const std::string& id, CommandCallback done) = 0;

  virtual Answer<std::unique_ptr<LogReader>> Logs(const LogQuery& query) = 0;

  // The JSON body of /nodes: who shares the log, and this node's partitions.
  virtual Answer<std::string> Nodes() { return Fail(ApiError::NotFound("no nodes here")); }

  // Null: it keeps none.
  virtual SnapshotKeeper* snapshots() { return nullptr; }

  virtual Readiness Ready() = 0;
  virtual MetricsSnapshot Metrics() = 0;
};

}  // namespace sluice::service
