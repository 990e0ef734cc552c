// Group commit of the embedded journal: one thread makes the commits of all partitions waiting at
// the moment durable with one fsync.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/journal/embedded_journal.h"
#include "engine/journal/log_store.h"
#include "engine/journal/term.h"

namespace sluice::journal {

// What a partition's stored state counts, beside its internal records decided.
struct PartitionTail {
  uint64_t end_sequence = 0;
  Counters counters;
  uint64_t first_internal = 0;  // Lowest internal offset stored; next_internal_offset if none.
};

// Threadsafe. Terms live here, because what fences one is that its commits are settled.
class Committer {
 public:
  // On the committer's thread, once they are durable and before any `done` of their group: internal
  // records for a target, in offset order.
  using Deliver = std::function<void(uint32_t target, std::vector<InputRecord> records)>;
  // On the committer's thread, after a commit of `partition` or records for it were settled.
  using Wake = std::function<void(uint32_t partition)>;

  Committer(LogStore& store, const EmbeddedOptions& options, std::vector<PartitionTail> tails,
            Deliver deliver, Wake wake);
  // Commits what was submitted. All terms must have ended.
  ~Committer();

  // Ends the term before, waits until its commits are settled, begins another.
  std::shared_ptr<Term> BeginTerm(uint32_t partition);
  // Waits until the term's commits are settled and their `done` has returned.
  void EndTerm(Term& term);

  // Blocks while the term has kCommitsInFlightMax commits in flight.
  void Submit(std::shared_ptr<Term> term, CommitBatch batch, CommitDone done);

  // Of committed records.
  uint64_t EndSequence(uint32_t partition) const;
  // What made commits fail for good, if something did.
  std::optional<Error> failure() const;
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  // A write elsewhere failed: commits fail from now on.
  void Fail(const Error& error);

 private:
  struct Request {
    std::shared_ptr<Term> term;
    bool fenced = false;  // The term had ended when it was submitted.
    CommitBatch batch;
    CommitDone done;
  };

  void Run();
  std::vector<Request> TakeGroup();  // Needs mutex_.
  // Writes the group; `internal_by_target` gets the internal records it makes.
  Result<void> WriteGroup(std::vector<Request>& group,
                          std::vector<std::vector<InputRecord>>* internal_by_target);
  // Answers the group, then wakes those partitions.
  void Settle(std::vector<Request>& group, const Result<void>& written,
              const std::vector<bool>& to_wake);

  LogStore& store_;
  const EmbeddedOptions& options_;
  const Deliver deliver_;
  const Wake wake_;

  std::vector<PartitionTail> tails_;  // The committer's thread alone.

  mutable std::mutex mutex_;  // Guards what follows, and Term::commits_in_flight.
  std::condition_variable submitted_;
  std::condition_variable settled_;
  std::deque<Request> waiting_;
  std::vector<std::shared_ptr<Term>> terms_;  // By partition; null when none is open.
  std::vector<uint64_t> committed_ends_;      // By partition.
  std::optional<Error> failure_;
  bool stopping_ = false;
  std::atomic<bool> failed_{false};  // That failure_ is set; read without the mutex.

  std::thread thread_;
};

}  // namespace sluice::journal
