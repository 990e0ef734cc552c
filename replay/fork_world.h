// ForkWorld: all partitions of a fork, and what comes about in it by itself: follow-ups, timers,
// delayed commands, and reports as they are asked for.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replay/fork_asked.h"
#include "replay/fork_changes.h"
#include "replay/fork_partition.h"
#include "replay/fork_reports.h"
#include "replay/recorded_partition.h"

namespace sluice::replay {

// Used by one thread. Errors are those that end a term.
class ForkWorld {
 public:
  using Originals = std::vector<std::unique_ptr<RecordedPartition>>;
  struct Delayed {
    uint32_t partition;
    std::string name;  // by which it was delayed
    Command command;
  };

  // All three outlive this. `log` gets what is decided.
  ForkWorld(const Originals& originals, MemoryArchive& log, ChangesMade& changes);

  // The record at hand of a partition comes in the fork as far as it does there, too.
  Result<void> Decide(const LogRecord& record);
  Result<void> DecideUsers(uint32_t partition, Time time, uint64_t offset, const Command& command);
  // The same of a command that is not recorded so: `what` was done to the one called `name`.
  Result<void> DecideChanged(std::string_view what, const std::string& name, uint32_t partition,
                             Time time, uint64_t offset, const Command& command);
  void Delay(Time until, Delayed delayed);
  // The report at hand comes when what it answers is asked for in the fork, too.
  void Hold(const LogRecord& record, Command command);
  // The record has been folded into its original.
  void Pass(const LogRecord& record);

  // The fork goes its own way from here on.
  void Diverge() { diverged_ = true; }
  bool diverged() const { return diverged_; }
  // Once diverged: decides what comes about until then.
  Result<void> AdvanceTo(Time until);
  // The originals are at their ends, and diverged: decides the rest. Reports that nothing asks for.
  Result<std::vector<HeldReport>> Finish();

  const ForkPartition& fork(uint32_t partition) const { return *forks_[partition]; }

 private:
  // The next follow-up of `source` that the fork has for `target`, if it has one.
  Result<void> DecideFollowUp(uint32_t source, uint32_t target, Time time, uint64_t offset);
  // What the originals have no like of is decided as soon as it is there.
  Result<void> DecideExtra();
  Result<void> DecideDelayed();
  Result<void> DecideReport();
  // Takes over what the fork's decision sent, and what it changed.
  Result<void> Send(uint32_t partition, Result<std::vector<FollowUpRecord>> sent);
  // The partition whose timer is due next. One that is armed alike in the original fires when that
  // one does, and what is behind it waits.
  std::optional<uint32_t> NextTimer() const;
  // Valid until the fork decides again.
  Situation SituationHere(uint32_t partition, const std::string& entity) const;

  const Originals& originals_;
  const KindRegistry& kinds_;
  ChangesMade& changes_;
  std::vector<std::unique_ptr<ForkPartition>> forks_;
  std::vector<std::vector<std::deque<Bytes>>> waiting_;  // by source, target: sent, not decided
  std::vector<std::vector<uint64_t>> expected_;          // the same of the original: how many
  std::multimap<Time, Delayed> delayed_;
  HeldReports held_;
  AskedActions asked_recorded_;
  AskedActions asked_here_;
  Time now_;  // of the fork, once diverged
  bool diverged_ = false;
  bool ended_ = false;  // the originals are
};

}  // namespace sluice::replay
