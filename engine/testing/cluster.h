// Cluster: processors of all partitions over a SimJournal and MemoryStores, driven by hand.
//
// One thread, no time but the clock's. The tests' and the simulator's stand-in for a node.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/command_json.h"
#include "engine/partition_processor.h"
#include "engine/testing/memory_store.h"
#include "engine/testing/sim_journal.h"
#include "events/make_command.h"

namespace sluice::testing {

class Cluster final : private ProcessorListener {
 public:
  Cluster(const KindRegistry& kinds, uint32_t partitions, ProcessorOptions options = {},
          SimJournalOptions journal = {});
  ~Cluster() override;

  ManualClock& clock() { return clock_; }
  SimJournal& journal() { return journal_; }
  MemoryStore& store(uint32_t partition) { return *stores_[partition]; }
  uint32_t partition_count() const { return journal_.partition_count(); }
  uint32_t PartitionOf(std::string_view entity) const;

  // Opens terms where none is open; catches the stores up first. Errors are a term that failed.
  Result<void> OpenAll();
  Result<void> Open(uint32_t partition);
  bool IsOpen(uint32_t partition) const { return processors_[partition] != nullptr; }
  const PartitionProcessor& processor(uint32_t partition) const { return *processors_[partition]; }
  // The term is gone as after an error; its store keeps what it has.
  void Close(uint32_t partition) { processors_[partition].reset(); }

  // One step of a processor; an error closes it and is returned.
  Result<bool> StepOne(uint32_t partition);
  // Steps and completes commits until nothing is left to do.
  Result<void> Run();
  // The process is gone; see SimJournal::Crash. The stores fall back to their last flush.
  void Crash(size_t durable_commits);

  // Appends a command; its ticket.
  uint64_t Send(Command command);
  template <class C>
  uint64_t Send(std::string_view entity, C payload, std::string id = "") {
    return Send(MakeCommand(std::string(entity), std::move(payload), std::move(id)));
  }
  uint64_t SendBytes(uint32_t partition, Bytes bytes, bool is_json);
  // Sends, runs, and returns the decision.
  template <class C>
  Decision Decide(std::string_view entity, C payload, std::string id = "") {
    const uint64_t ticket = Send(entity, std::move(payload), std::move(id));
    const Result<void> ran = Run();
    CHECK(ran.has_value());
    return *answers_.at(ticket)->decision;
  }

  // What callers were told, by ticket.
  const std::map<uint64_t, std::shared_ptr<const LogRecord>>& answers() const { return answers_; }
  const EntityState& State(std::string_view entity);
  template <class S>
  const S& As(std::string_view entity) {
    return static_cast<const S&>(State(entity));
  }
  // All records of a partition's log, read back.
  std::vector<LogRecord> Log(uint32_t partition) const;
  // Folds the whole log into a fresh store and compares hashes, entity by entity; empty if equal.
  std::string CompareWithReplay(uint32_t partition);

 private:
  void OnDecided(uint64_t ticket, std::shared_ptr<const LogRecord> record) override {
    answers_[ticket] = std::move(record);
  }
  void OnApplied(const AppliedBatch&) override {}
  void OnCommitted(size_t, Duration) override {}

  const KindRegistry& kinds_;
  ProcessorOptions options_;
  ManualClock clock_;
  SimJournal journal_;
  std::vector<std::unique_ptr<MemoryStore>> stores_;
  std::vector<std::unique_ptr<PartitionProcessor>> processors_;
  std::map<uint64_t, std::shared_ptr<const LogRecord>> answers_;
  uint64_t next_ticket_ = 1;
};

}  // namespace sluice::testing
