// Node: the engine on one machine. Opens the journal and the projections, runs a thread per
// partition, takes commands and answers their callers. On Kafka it decides the partitions that are
// assigned to it and follows the others; it takes commands and answers queries for all.
// Threadsafe after Open.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/clock.h"
#include "engine/condition_counters.h"
#include "engine/journal/journal.h"
#include "engine/open_journal.h"
#include "engine/partition_gate.h"
#include "engine/partition_runner.h"
#include "engine/waiting_callers.h"
#include "projections/change_feed.h"
#include "projections/partition_store.h"
#include "projections/snapshots/schedule.h"

namespace sluice {

struct NodeOptions {
  std::string data_dir;     // made if it is not there; held by one process
  uint32_t partitions = 0;  // 0: as stored, 4 for a new log; another number is refused
  std::optional<KafkaCluster> kafka = {};  // absent: the embedded journal in data_dir
  bool archive = false;                    // JournalChoice::archive: Start must not be called
  const KindRegistry* kinds = nullptr;
  const Clock* clock = nullptr;
  // Of the partitions that another node decides, how many it keeps projections of; nullopt: all.
  std::optional<uint32_t> warm = {};
  std::string node_name = "node";
  std::string build = "dev";
  // Bounds of what a node keeps in memory, each over all partitions: with the journal's own they
  // stay within 1 GiB, however many entities there are.
  size_t cached_bytes_max = size_t{448} << 20;      // entities, ready or cold, by estimate
  size_t store_cache_bytes = size_t{192} << 20;     // blocks of projections and their memtables
  size_t store_memtable_bytes = size_t{64} << 20;   // of that at most
  size_t change_feed_bytes_max = size_t{32} << 20;  // what watches can go on from
  AdmissionLimits admission = {};                   // of each partition
  SnapshotPolicy snapshots = {};                    // none are taken unless asked for
  // Called when nothing here can heal it (a failed fsync, topics that were deleted, no partition
  // left that could be decided): end the process with exit code 3.
  std::function<void(const Error&)> on_fatal;
  // A line for the operator: a store is rebuilt, a partition stopped.
  std::function<void(const std::string&)> on_notice;
};

// Counters of decisions since the process began, for /metrics.
struct NodeCounters {
  // accepted, rejected, ... by (verdict, kind)
  std::map<std::pair<std::string, std::string>, uint64_t> decisions;
  // Commands from outside that came to nothing, reports that lie among them: (verdict, kind,
  // command), of Ignored and Rejected.
  std::map<std::array<std::string, 3>, uint64_t> refused;
  ConditionCounters conditions;
  uint64_t commands_waiting = 0;   // for their turn, now
  uint64_t commands_held_off = 0;  // their sender had too many waiting
  std::vector<double> commit_bounds_seconds;
  std::vector<uint64_t> commit_counts;  // one more than bounds
  double commit_seconds_sum = 0;
};

// All zero, with the bounds that a node counts by.
NodeCounters EmptyNodeCounters();

class Node : private ProcessorListener {
 public:
  // kUnavailable: another process holds the directory. kInvalid: another number of partitions than
  // the data's, a format of a newer build. kIo, kCorruption.
  static Result<std::unique_ptr<Node>> Open(NodeOptions options);
  ~Node() override;

  // `address` is where it answers; the cluster's other nodes can see it. kInvalid: the brokers'
  // settings do not let it take part.
  Result<void> Start(const std::string& address = "");
  // Instead of Start: reads what the logs hold, for queries. Opens no term and writes no log;
  // commands are answered kUnavailable.
  Result<void> RecoverOnly();
  // Commits what is decided, takes nothing more and ends the threads. Who still waits gets
  // kUnavailable. A second call does nothing.
  void Stop();

  // Decides a user's command. `done` is called from any thread: once, or twice when the reply is
  // deferred (final = false first). Errors: kInvalid (nothing recorded), kUnavailable (not taken,
  // or the outcome is unknown: send it again under its id). Commands take turns by sender: their
  // actor or, where none is named, `connection`. One whose sender has too many waiting is not
  // taken (IsTooManyWaiting).
  void Submit(Command command, CallerCallback done, std::string_view connection = "");
  // Bytes as they would come from a topic: undecodable ones are dead-lettered.
  void SubmitBytes(uint32_t partition, Bytes payload, bool is_json, CallerCallback done,
                   std::string key = "");

  const KindRegistry& kinds() const { return *options_.kinds; }
  uint32_t partition_count() const { return journal_->partition_count(); }
  uint32_t PartitionOf(std::string_view entity) const;
  Journal& journal() { return *journal_; }
  ChangeFeed& feed() { return *feed_; }
  const std::vector<std::unique_ptr<PartitionStore>>& stores() const { return stores_; }
  RunnerStatus Status(uint32_t partition) const { return runners_[partition]->Status(); }
  // Whether the projections of the partition may be read here: it is decided, or followed.
  bool Holds(uint32_t partition) const { return Status(partition).state != RunnerState::kCold; }
  // Whether reads of the partition show all that its log held when this process came to keep it:
  // what was acknowledged before a crash is in the log, and may not be in the projections yet. A
  // partition that has stopped for good is as new as it gets.
  bool IsCaughtUp(uint32_t partition) const {
    return runners_[partition]->caught_up() || runners_[partition]->stopped();
  }
  // Empty when every partition is decided here or followed, or is not to be; else which one is not,
  // and why.
  std::string NotReadyReason() const;
  NodeCounters Counters() const;
  const NodeOptions& options() const { return options_; }
  Snapshots& snapshots() { return *snapshots_; }
  // The projections become those of a snapshot. kInvalid: the node was started; errors as
  // Snapshots::Restore's.
  Result<SnapshotManifest> RestoreSnapshot(const std::string& name);

 private:
  explicit Node(NodeOptions options);
  Result<void> OpenAll();
  void SubmitRecord(uint32_t partition, std::string_view sender, InputRecord record,
                    CallerCallback done);
  void HandIn(uint32_t partition, Admitted command);
  bool Takes(uint32_t partition) const;
  Result<CallerAnswer> NotTaken(uint32_t partition) const;
  void OpenSnapshots(const std::shared_ptr<StoreMemory>& memory);
  void ScheduleSnapshots();
  void OnDecided(uint64_t ticket, std::shared_ptr<const LogRecord> record) override;
  void OnAbandoned(uint64_t ticket) override;
  bool Awaits(const LogRecord& record) const override { return callers_.Awaits(record); }
  void OnFollowed(uint32_t partition,
                  const std::vector<std::shared_ptr<const LogRecord>>& records) override;
  void OnAppended(uint64_t ticket, Result<uint64_t> offset);
  void OnStopped(uint32_t partition, const std::string& reason);
  void OnApplied(const AppliedBatch& batch) override;
  void OnCommitted(size_t records, Duration latency) override;
  // The accepted decision that `record` repeats, with its deferred reply if that is there.
  Result<CallerAnswer> RepeatedAnswer(const LogRecord& record);
  // Whether the partition, which another node decides, is one of those to be followed.
  bool KeepsWarm(uint32_t partition) const;
  Result<LogRecord> ReadRecord(uint32_t partition, uint64_t sequence) const;

  NodeOptions options_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::unique_ptr<PartitionGate>> gates_;  // Before the callers, who leave them.
  WaitingCallers callers_;  // Before the journal, whose thread answers them until it has ended.
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<ChangeFeed> feed_;
  std::vector<std::unique_ptr<PartitionStore>> stores_;
  std::unique_ptr<Snapshots> snapshots_;
  std::unique_ptr<SnapshotSchedule> schedule_;
  bool started_ = false;
  mutable std::mutex counters_mutex_;
  NodeCounters counters_ = EmptyNodeCounters();
  std::vector<std::unique_ptr<PartitionRunner>> runners_;
};

}  // namespace sluice
