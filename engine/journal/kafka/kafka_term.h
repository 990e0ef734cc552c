// One partition of a Kafka journal in one term: its transactions, its inputs.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "engine/journal/kafka/kafka_core.h"
#include "engine/journal/kafka/kafka_transactions.h"

namespace sluice::kafka {

class PartitionTerm final : public PartitionJournal {
 public:
  // `transactions` have taken over the partition, and the archive is caught up. `counted` says so
  // to others for as long as the term is there.
  PartitionTerm(KafkaJournal::Core& core, uint32_t partition, std::shared_ptr<void> counted,
                std::unique_ptr<Transactions> transactions);
  ~PartitionTerm() override;

  uint64_t EndSequence() const override { return end_; }
  Result<void> ReadEvents(uint64_t from, const RecordVisitor& visitor) override;
  Result<void> StartInputs(InputOffsets next) override;
  Result<size_t> Poll(Input input, const PollLimits& limits,
                      std::vector<InputRecord>* records) override;
  // As of what the broker sent last.
  std::optional<uint64_t> InputsWaiting() const override;
  void SetWakeup(std::function<void()> wakeup) override;
  void Commit(CommitBatch batch, CommitDone done) override;
  // Those that wait are one transaction.
  size_t CommitsWanted() const override { return 8; }

  // Another term of this process begins: what was handed in is settled, the rest answers kFenced.
  void Fence();

 private:
  struct Pending {
    CommitBatch batch;
    std::vector<CommitDone> done;
  };
  // What came from the broker and did not fit the last Poll.
  struct Ahead {
    std::deque<InputRecord> records;
  };

  void Run();
  Pending TakePending();
  Result<void> Transact(const CommitBatch& batch);
  // What is committed, into the archive. The term's first batch is looked at: nobody may have
  // written between the end that was read and `Opened`.
  Result<void> Archive(const CommitBatch& batch);
  void DeleteDecided(const InputOffsets& decided);
  InputRecord ToRecord(Input input, Message message) const;
  void Wake();

  KafkaJournal::Core& core_;
  const uint32_t partition_;
  const std::shared_ptr<void> counted_;
  const std::unique_ptr<Transactions> transactions_;  // of the committer
  bool opened_ = false;  // the first batch is committed; of the committer
  // How far the decided inputs are deleted, counted from the first commit on; of the committer.
  std::optional<InputOffsets> deleted_;
  std::unique_ptr<Reader> inputs_;
  Ahead ahead_[2];
  uint64_t end_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Pending> pending_;   // guarded by mutex_
  bool busy_ = false;             // guarded by mutex_
  bool stopping_ = false;         // guarded by mutex_
  bool fenced_ = false;           // guarded by mutex_
  std::optional<Error> failed_;   // guarded by mutex_; ends the term
  std::function<void()> wakeup_;  // guarded by mutex_
  std::thread committer_;
};

}  // namespace sluice::kafka
