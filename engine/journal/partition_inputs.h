// The inputs of one partition of the embedded journal: users' commands, in memory alone, and
// internal records, whose newest are kept in memory as well as in the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/journal/embedded_journal.h"
#include "engine/journal/log_store.h"
#include "engine/journal/term.h"

namespace sluice::journal {

// Threadsafe: callers append commands, the committer appends internal records, the partition's
// thread polls. A call in the name of a term that is not the one entered last is kFenced.
//
// Invariants, while started:
//  1. memory holds the internal records [next_internal_, next_internal_ + internal_.size());
//  2. next_internal_ + internal_.size() <= internal_end_, and the store holds the rest.
class PartitionInputs {
 public:
  // `store` and `options` outlive it.
  PartitionInputs(const LogStore& store, const EmbeddedOptions& options, uint32_t partition,
                  uint64_t internal_end);

  // A term begins: what an earlier one was handed is gone, its wakeup is called no more.
  void Enter(const Term* term);
  void Leave(const Term* term);
  void SetWakeup(const Term* term, std::function<void()> wakeup);
  void Wake();

  Result<void> AppendCommand(InputRecord record);
  // Durable already; offsets go on where the last call ended.
  void AppendInternal(std::vector<InputRecord> records);

  Result<void> Start(const Term* term, InputOffsets next);
  Result<size_t> Poll(const Term* term, Input input, const PollLimits& limits,
                      std::vector<InputRecord>* records);
  // Records that no Poll of the term has handed out.
  uint64_t Waiting(const Term* term) const;

 private:
  struct Queue {
    std::deque<InputRecord> records;
    size_t bytes = 0;

    void Push(InputRecord record);
    size_t Take(const PollLimits& limits, std::vector<InputRecord>* out);
  };

  void Replace(const Term* term);  // Needs both mutexes.
  Result<void> CheckTerm(const Term* term) const;
  Result<size_t> PollCommands(const PollLimits& limits, std::vector<InputRecord>* records);
  Result<size_t> PollInternal(const Term* term, const PollLimits& limits,
                              std::vector<InputRecord>* records);

  const LogStore& store_;
  const EmbeddedOptions& options_;
  const uint32_t partition_;

  mutable std::mutex mutex_;  // Guards what follows.
  const Term* term_ = nullptr;
  bool started_ = false;
  Queue commands_;
  uint64_t next_command_ = 0;
  Queue internal_;
  uint64_t next_internal_ = 0;
  uint64_t internal_end_;

  // Held while the wakeup runs, so that none runs after Leave. Taken before mutex_.
  std::mutex wakeup_mutex_;
  std::function<void()> wakeup_;
};

}  // namespace sluice::journal
