// Fleet: nodes that own partitions of one log, each node with stores and a clock of its own.
//
// One thread. Two owners of a partition overlap when one node opens what another still has: the
// older one is a zombie until it notices. Every edge is a call: nothing happens by itself. A term
// that ends by an error nobody injected is a finding (I10).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/partition_processor.h"
#include "engine/testing/sim_journal.h"
#include "tests/simulator/faulty_store.h"
#include "tests/simulator/findings.h"

namespace sluice::simulator {

struct FleetOptions {
  uint32_t nodes = 2;
  uint32_t partitions = 3;
  testing::SimJournalOptions journal;
  ProcessorOptions processor;
};

class Fleet {
 public:
  // A caller is told: the ticket's decision.
  using Answered = std::function<void(uint64_t ticket, const LogRecord& record)>;

  Fleet(const KindRegistry& kinds, FleetOptions options, Findings& findings, Answered answered);
  ~Fleet();

  testing::SimJournal& journal() { return journal_; }
  const testing::SimJournal& journal() const { return journal_; }
  uint32_t nodes() const { return options_.nodes; }
  uint32_t partitions() const { return options_.partitions; }
  // The latest time any clock shows.
  Time latest() const;
  testing::MemoryStore& store(uint32_t node, uint32_t partition) {
    return slot(node, partition).store->memory();
  }

  bool Owns(uint32_t node, uint32_t partition) const {
    return slot(node, partition).processor != nullptr;
  }
  // Owns it, and nobody opened it since.
  bool OwnsRightly(uint32_t node, uint32_t partition) const {
    return Owns(node, partition) && !slot(node, partition).doomed;
  }
  bool HasRightfulOwner(uint32_t partition) const;

  // Opens a term on `node`; one it has there is closed first, one elsewhere becomes a zombie.
  void Open(uint32_t node, uint32_t partition);
  void Close(uint32_t node, uint32_t partition);
  // True: it did something.
  bool Step(uint32_t node, uint32_t partition);

  // The oldest commit of `partition` fails; its owner finds out at its next step.
  void FailCommit(uint32_t partition, bool durable_all_the_same);
  // The node's process is gone; its stores are as last flushed.
  void CrashNode(uint32_t node);
  // All of them at once; of the pending commits the first `durable` are durable.
  void CrashAll(size_t durable);
  void FailStore(uint32_t node, uint32_t partition, uint64_t calls) {
    slot(node, partition).store->FailAfter(calls);
  }
  // Of partitions the node does not own now.
  void LoseUnflushed(uint32_t node, uint32_t partition);
  void WipeStore(uint32_t node, uint32_t partition);

  // Time passes for everybody.
  void Advance(Duration step);
  // One clock is set; it goes on from there. node == nodes(): the journal's.
  void Jump(uint32_t node, Duration by);
  // All clocks show the latest of them from now on.
  void AlignClocks();

  // Terms of zombies that ended by being fenced.
  uint64_t fenced() const { return fenced_; }

 private:
  class Listener;
  struct Slot {
    std::unique_ptr<FaultyStore> store;
    std::unique_ptr<PartitionProcessor> processor;
    bool doomed = false;  // an error of its term is expected
  };

  Slot& slot(uint32_t node, uint32_t partition) {
    return slots_[node * options_.partitions + partition];
  }
  const Slot& slot(uint32_t node, uint32_t partition) const {
    return slots_[node * options_.partitions + partition];
  }

  const KindRegistry& kinds_;
  FleetOptions options_;
  Findings& findings_;
  ManualClock clock_;
  std::vector<std::unique_ptr<ManualClock>> node_clocks_;
  testing::SimJournal journal_;
  std::unique_ptr<Listener> listener_;
  std::vector<Slot> slots_;
  uint64_t fenced_ = 0;
};

}  // namespace sluice::simulator
