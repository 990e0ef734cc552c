// SimJournal: the journal contract in memory, one thread, every step in the test's hands.
//
// Nothing happens by itself: a commit becomes durable when the test says so, and a crash loses what
// the test chooses. The contract is engine/journal/journal.h's.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/clock.h"
#include "engine/journal/journal.h"

namespace sluice::testing {

struct SimJournalOptions {
  Hash128 epoch = {7, 7};
  // Users' commands are kept until they are decided, and handed out again in the next term, as
  // Kafka's are. Otherwise they are in memory only, as the embedded journal's.
  bool keeps_commands = false;
  // A term that has ended learns of it at its next commit only: polling still hands out records.
  bool ended_terms_poll = false;
};

class SimJournal final : public Journal {
 public:
  SimJournal(uint32_t partitions, const Clock& clock, SimJournalOptions options = {});
  ~SimJournal() override;

  uint32_t partition_count() const override { return static_cast<uint32_t>(logs_.size()); }
  Hash128 epoch() const override { return options_.epoch; }
  Result<std::unique_ptr<PartitionJournal>> OpenPartition(uint32_t partition) override;
  Result<void> Append(uint32_t partition, InputRecord record) override;
  Result<void> ReadEvents(uint32_t partition, uint64_t from,
                          const RecordVisitor& visitor) const override;
  Result<uint64_t> EndSequence(uint32_t partition) const override;
  Result<void> ReadDeadLetters(uint32_t partition, uint64_t from,
                               const DeadLetterVisitor& visitor) const override;
  Result<void> RemoveDeadLetter(uint32_t partition, uint64_t number) override;

  // --- What the test decides ---
  size_t commits_pending() const { return pending_.size(); }
  // The oldest pending commit becomes durable and its `done` is called. False: there is none.
  bool CompleteOne();
  // The same for one partition.
  bool CompleteOneOf(uint32_t partition);
  // The oldest pending commit of `partition` becomes durable and nobody is told: what a crash may
  // leave.
  bool PersistOneOf(uint32_t partition);
  // How many of a partition's `pending` commits become durable when the partition is opened again;
  // the others fail with kFenced. All of them if not set.
  std::function<size_t(size_t pending)> settle;
  // The oldest pending commit of `partition` fails; it may have become durable all the same (an
  // unknown outcome). The partition's later ones fail, too.
  void FailPending(uint32_t partition, bool durable_all_the_same);
  // The process is gone: of the pending commits the first `durable` are durable, the others never
  // were; nobody is told. Users' commands not decided are lost. Open terms are dead.
  void Crash(size_t durable);
  size_t undecided_internal(uint32_t partition) const { return logs_[partition].internal.size(); }
  size_t undecided_commands(uint32_t partition) const { return logs_[partition].commands.size(); }
  // The `index`th undecided internal record comes a second time, behind the others.
  void RepeatInternal(uint32_t partition, size_t index);
  // Changes a stored record's bytes, for tests of corruption.
  Bytes& MutableRecord(uint32_t partition, uint64_t sequence) {
    return logs_[partition].records[sequence];
  }

 private:
  class Term;
  struct Internal {
    uint64_t offset = 0;
    Time timestamp;
    Bytes payload;
  };
  struct Log {
    std::vector<Bytes> records;
    std::deque<Internal> internal;
    uint64_t next_internal = 0;
    std::map<uint64_t, DeadLetter> dead_letters;
    uint64_t next_dead_letter = 0;
    std::deque<InputRecord> commands;  // kept ones have their offset
    uint64_t next_command = 0;         // of kept ones
    InputOffsets decided;
    uint64_t term_id = 0;  // of the open term; older ones are fenced
    std::function<void()> wakeup;
  };
  struct Pending {
    uint32_t partition = 0;
    uint64_t term_id = 0;
    CommitBatch batch;
    CommitDone done;
  };

  void MakeDurable(Pending& pending);
  std::optional<Pending> TakeFirstOf(uint32_t partition);

  const Clock& clock_;
  SimJournalOptions options_;
  std::vector<Log> logs_;
  std::deque<Pending> pending_;
};

}  // namespace sluice::testing
