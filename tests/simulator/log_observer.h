// LogObserver: reads a partition's durable log record by record and decides every decision again.
//
// Checks I2, I3, I4, I5, I6, I8, I9, I11 and what ids promise (I12), against rules written down
// here a second time (reference.h). Read and Judge are apart because follow-ups cross partitions:
// first all partitions read, then all judge.
#pragma once

#include <string>
#include <vector>

#include "engine/testing/sim_journal.h"
#include "tests/simulator/findings.h"
#include "tests/simulator/follow_up_ledger.h"
#include "tests/simulator/observed_partition.h"

namespace sluice::simulator {

// Hears of every decision on an entity, once it is judged.
class FoldListener {
 public:
  virtual ~FoldListener() = default;
  virtual void BeforeFold(const ObservedEntity& entity) = 0;
  virtual void AfterFold(const ObservedEntity& entity, const Decision& decision) = 0;
};

class LogObserver {
 public:
  LogObserver(const KindRegistry& kinds, uint32_t partition, uint32_t partitions,
              FollowUpLedger& ledger, Findings& findings, FoldListener& listener);

  // Takes what became durable since the last call.
  void Read(const testing::SimJournal& journal);
  // Judges and folds what was taken; `latest` is the latest time any clock showed.
  void Judge(Time latest);

  const ObservedPartition& observed() const { return state_; }
  const ObservedEntity* Find(std::string_view entity) const;
  // Commands whose reply is deferred and has not come.
  size_t AwaitedReplies() const;

 private:
  void JudgeRecord(const LogRecord& record, Time latest);
  void Count(const Decision& decision);
  void JudgeOrigin(const LogRecord& record);
  void JudgeDecision(const Decision& decision, uint64_t sequence);
  void JudgeEntity(const Decision& decision, uint64_t sequence, ObservedEntity& entity);
  void JudgeTimer(const Decision& decision);
  void JudgeId(const Decision& decision, uint64_t sequence);
  void Fold(const Decision& decision, uint64_t sequence, ObservedEntity& entity);
  void FoldMarks(const Decision& decision, uint64_t sequence, ObservedEntity& entity);
  // What it hears of others, and shows of itself (O1).
  void ExpectNothingGoesBack(const Decision& decision, uint64_t sequence, ObservedEntity& entity);
  ObservedEntity& EntityOf(const EntityKey& key);
  bool IsSetAside(std::string_view entity) const;

  const KindRegistry& kinds_;
  uint32_t partitions_;
  FollowUpLedger& ledger_;
  Findings& findings_;
  FoldListener& listener_;
  ObservedPartition state_;
  std::vector<LogRecord> taken_;
};

}  // namespace sluice::simulator
