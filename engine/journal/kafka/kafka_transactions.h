// What one term of a partition writes: batches, each as one transaction.
//
// The broker writes a transaction's markers after it has answered the commit, and until they are
// there it takes no other transaction of the same transactional id; librdkafka asks again 20 ms
// later. So a partition has several ids, and its transactions go through them in turn.
//
// Invariants, on which docs/kafka.md builds:
// 1. Ids are taken over in their order, all of them, before anything is read or written.
// 2. A term's first transaction, `Opened`, goes through the first id.
// 3. A transaction is begun once the one before it was answered with success; after any other
//    answer there is none.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/journal/kafka/kafka_core.h"

namespace sluice::kafka {

// Of every build that shares a cluster: one that took over fewer would leave a zombie the rest. To
// have more, a build that takes over more comes first, and one that uses them after it.
inline constexpr size_t kTransactionalIds = 2;

// In the order in which they are taken over and used. The first is CLUSTER-PARTITION; no other
// cluster's id, whatever its name, is any of them.
std::array<std::string, kTransactionalIds> TransactionalIds(const std::string& cluster,
                                                            uint32_t partition);

// One thread.
class Transactions {
 public:
  // Fences whoever had the partition and settles what it has left open: once this returns, nobody
  // else's transaction is open or can be committed.
  static Result<std::unique_ptr<Transactions>> TakeOver(KafkaJournal::Core& core,
                                                        uint32_t partition);
  ~Transactions();

  // Commits the batch. After an error nothing is written any more, and the error stays.
  Result<void> Write(const CommitBatch& batch);

  // Behind the last record written to the events topic.
  uint64_t next_offset() const;
  // Of the term, as its records say.
  uint64_t term_number() const { return term_number_; }

 private:
  Transactions(KafkaJournal::Core& core, uint32_t partition);
  Result<void> Take(const std::string& transactional_id);
  Result<void> Transact(Producer& producer, const CommitBatch& batch);
  Result<void> Produce(Producer& producer, const CommitBatch& batch);
  Result<void> ProduceEvents(Producer& producer, const CommitBatch& batch);

  KafkaJournal::Core& core_;
  const uint32_t partition_;
  // Given to the last record produced with an opaque; written within Write.
  std::atomic<uint64_t> delivered_ = 0;
  std::vector<std::unique_ptr<Producer>> producers_;
  size_t turn_ = 0;
  std::optional<Error> failed_;
  uint64_t term_number_ = 0;
};

}  // namespace sluice::kafka
