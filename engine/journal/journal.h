// The log: partitioned, ordered, durable. What a partition processor and the readers of history ask
// of it, whether it is embedded (embedded_journal.h) or lives on Kafka.
//
// Per partition a journal holds the events (one record per decision, at dense sequences from 0 on),
// the inputs not yet decided, and the dead letters. A commit appends to all of them at once or to
// none (design 2 and 6; I1, I3, I8, I12).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/basic_types.h"
#include "events/envelope.gen.h"
#include "events/result.h"

namespace sluice {

// One record of `commands` or `internal`.
struct InputRecord {
  Input input = Input::kCommands;
  // Rises within an input. Dense on the embedded journal; Kafka's have holes.
  uint64_t offset = 0;
  Time timestamp = {};  // Stamped by the journal or the broker, never by the client.
  Bytes payload = {};
  bool is_json = false;  // The payload is JSON text, not FlatBuffers.
  // The payload decoded, where its sender is in this process and the journal has passed it on.
  std::shared_ptr<Command> command = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string key = {};  // The entity, of those appended here; empty where it is not known.
  uint64_t ticket = 0;   // The in-process caller waiting for the decision; 0 = none.
};

struct FollowUpRecord {
  uint32_t target_partition = 0;
  Bytes payload = {};
};

// Bytes from `commands` that could not be decoded, set aside with their origin.
struct DeadLetter {
  uint64_t number = 0;  // Dense per partition from 0 on, given by the journal, never reused.
  Bytes payload = {};
  std::string reason = {};
  Input input = Input::kCommands;
  uint64_t offset = 0;
  Time time = {};
  bool is_json = false;
};

// Per input, the offset after the last one decided: where deciding goes on.
struct InputOffsets {
  uint64_t commands = 0;
  uint64_t internal = 0;

  bool operator==(const InputOffsets&) const = default;
};

// What a batch of decisions writes, atomically.
struct CommitBatch {
  uint64_t first_sequence = 0;  // Sequence of records[0]; EndSequence() also when there are none.
  std::vector<Bytes> records = {};
  // The records as they were before packing, or none: for journals that tell readers about them.
  std::vector<std::shared_ptr<const LogRecord>> unpacked = {};
  // Per target they become internal inputs in this order, after those of earlier commits.
  std::vector<FollowUpRecord> follow_ups = {};
  std::vector<DeadLetter> dead_letters = {};  // Their numbers are set by the journal.
  // Inputs below are never handed out again, in no term. Never goes back.
  InputOffsets decided = {};
};

// Bounds of one Poll. A record larger than max_bytes is handed out alone.
struct PollLimits {
  size_t max_records = 256;
  size_t max_bytes = size_t{1} << 20;
};

// Visitors stop the read by returning false; the read then succeeds. The view is valid for the
// call.
using RecordVisitor = std::function<bool(uint64_t sequence, std::string_view record)>;
using DeadLetterVisitor = std::function<bool(const DeadLetter&)>;
using CommitDone = std::function<void(Result<void>)>;

// One partition in one term of ownership. Used by the partition's thread alone; callbacks arrive
// from others, as said below.
//
// A term's life: open, read the events to their end, commit `Opened`, StartInputs, then poll and
// commit until the term ends. It ends when another opens the partition (kFenced from then on), when
// a commit fails (every later one fails, too), or by destruction.
//
// The destructor waits for commits in flight; once it returns, no callback runs any more. It must
// not be called from a callback.
class PartitionJournal {
 public:
  virtual ~PartitionJournal() = default;

  // Sequence the next record gets: the committed ones and those handed to Commit count.
  virtual uint64_t EndSequence() const = 0;

  // Visits committed records from `from` to the end, in order; none if `from` is at or past it.
  // kCorruption: a record is missing or unreadable; the message names it. kIo.
  virtual Result<void> ReadEvents(uint64_t from, const RecordVisitor& visitor) = 0;

  // Inputs are polled from `next` on: what the partition's events say is decided. At most once per
  // term. kCorruption: `next` is past what the input holds (the input was replaced).
  virtual Result<void> StartInputs(InputOffsets next) = 0;

  // Appends to `records` what is there within the limits, and returns how many; never waits. Each
  // record is handed out once per term, in offset order. Only kCommands and kInternal hold records;
  // others are kInvalid, and so is polling before StartInputs. kFenced: the term has ended.
  // A journal may hold users' commands in memory only: one handed out in a term that ended before
  // its decision is committed is not handed out again, and its caller is told so by the processor.
  virtual Result<size_t> Poll(Input input, const PollLimits& limits,
                              std::vector<InputRecord>* records) = 0;

  // How many records of both inputs no Poll has handed out; nullopt where that is not known (yet).
  // A broker's marks between records may be counted until it is known that nothing follows them.
  virtual std::optional<uint64_t> InputsWaiting() const = 0;

  // `wakeup` is called, from any thread, when there may be new input or a commit has finished. It
  // must be quick and must not call the journal; it may run under the journal's own locks, so who
  // calls the journal holds none that it takes. Spurious calls happen; none is lost to an owner
  // that polls both inputs after each: what is left there may call no second time for more.
  virtual void SetWakeup(std::function<void()> wakeup) = 0;

  // Commits asynchronously and in order. `done` runs on the journal's thread, once per commit, in
  // order; success means durable. Any error ends the term: what became of the batch is found out by
  // opening again and reading. Blocks while kCommitsInFlightMax are in flight. `done` must be quick
  // and must not call the journal.
  virtual void Commit(CommitBatch batch, CommitDone done) = 0;

  static constexpr size_t kCommitsInFlightMax = 64;

  // How many commits are worth having in flight: two where each is written by itself, so that one
  // is decided while another commits; more where those that wait are written together.
  virtual size_t CommitsWanted() const { return 2; }
};

// A process that takes part in deciding a log.
struct NodeInfo {
  std::string name;
  std::string address;               // host:port where it answers; empty: nowhere
  std::vector<uint32_t> partitions;  // assigned to it
  // Of the other partitions, how many it keeps projections of; nullopt: all.
  std::optional<uint32_t> warm = {};
};

// Threadsafe.
class Journal {
 public:
  virtual ~Journal() = default;

  virtual uint32_t partition_count() const = 0;

  // Fixed when the log was made; origins carry it.
  virtual Hash128 epoch() const = 0;

  // Opens a term. The term open before, if any, is fenced first: commits it has handed in are
  // settled, later ones answer kFenced. Must not be called from a callback. The PartitionJournal
  // must be destroyed before the Journal.
  virtual Result<std::unique_ptr<PartitionJournal>> OpenPartition(uint32_t partition) = 0;

  // Takes a user's command: payload, is_json, headers and ticket; input, offset and timestamp are
  // set here. It is not durable before its decision is. kUnavailable: the queue is full (count or
  // bytes) or the journal has failed.
  virtual Result<void> Append(uint32_t partition, InputRecord record) = 0;

  // As PartitionJournal::ReadEvents, concurrently with the writer: committed records only, of the
  // moment the call began.
  virtual Result<void> ReadEvents(uint32_t partition, uint64_t from,
                                  const RecordVisitor& visitor) const = 0;

  // Visits the committed records at `sequences`, ascending; those that are not there are left out.
  // For records here and there: reads what holds each and no more, and keeps it cached.
  virtual Result<void> ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                                   const RecordVisitor& visitor) const;

  // One past the last committed record.
  virtual Result<uint64_t> EndSequence(uint32_t partition) const = 0;

  // Visits dead letters with number >= `from`, ascending.
  virtual Result<void> ReadDeadLetters(uint32_t partition, uint64_t from,
                                       const DeadLetterVisitor& visitor) const = 0;

  // Durable when it returns. kNotFound: there is none of this number.
  virtual Result<void> RemoveDeadLetter(uint32_t partition, uint64_t number) = 0;

  // --- Several processes on one log. An embedded journal's only one always has everything. ---

  // Takes part in the handing out of partitions, before any term is opened. `address` tells others
  // where this process answers.
  virtual Result<void> Join(const std::string& /*address*/) { return {}; }
  // Hands back what it has, once every term is closed; no listener is called any more afterwards.
  virtual void Leave() {}
  // Whether this process is to decide the partition. Where it is not, no term may be opened, an
  // open one should be closed soon, and records that others commit appear in ReadEvents.
  virtual bool IsAssigned(uint32_t /*partition*/) const { return true; }
  // What keeps a partition that is not assigned from being assigned or from being followed; empty
  // where another process decides it and this one follows.
  virtual std::string FollowFault(uint32_t /*partition*/) const { return ""; }
  // What stands against using the log as a whole at this moment, though it may pass; else empty.
  virtual std::string Fault() const { return ""; }
  // The process is to end: from now on nothing waits long for others than it.
  virtual void Hurry() {}
  // Who shares the log, as known a moment ago; empty where nobody can.
  virtual std::vector<NodeInfo> Nodes() const { return {}; }
  // `changed` is called, from any thread, when IsAssigned may have changed or records of others
  // have appeared. It must be quick and must not call the journal.
  virtual void SetFollower(uint32_t /*partition*/, std::function<void()> /*changed*/) {}
};

}  // namespace sluice
