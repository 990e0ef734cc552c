// Fork: a recorded log decided again with a change, everything that follows included.
//
// Commands from outside come as recorded, but for the change; follow-ups and timers are those the
// fork itself brings about, each decided where the record decided its like. A provider's report is
// taken from the record where the fork asks for the same, of the same spec, and comes as long after
// that as it did; where nothing asks, it is left out. What stays pending is listed as missing. With
// nothing changed the fork is the original, byte by byte, if this build decides as the one that
// wrote it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "events/paths.h"
#include "replay/archive.h"
#include "replay/memory_archive.h"

namespace sluice::replay {

// Commands are named by their id, or by the position of the decision on them.
struct ForkChanges {
  std::set<std::string> drop;
  std::map<std::string, std::string> edit;         // -> its payload, JSON
  std::multimap<std::string, std::string> insert;  // before the decision at -> command, JSON
  std::map<std::string, Duration> delay;

  bool empty() const { return drop.empty() && edit.empty() && insert.empty() && delay.empty(); }
};

struct ForkReport {
  uint64_t decisions = 0;  // of the fork
  uint64_t original = 0;
  bool identical = false;            // every record, byte by byte: the chain of hashes says so
  std::vector<std::string> applied;  // changes that were made
  struct Report {
    DecisionPosition position;  // in the original
    std::string entity;
    std::string command;
  };
  std::vector<Report> left_out;      // reports whose cause is not there
  std::vector<std::string> missing;  // "ProgramSubnet of subnet/default/x": nobody reports on it
};

struct Forked {
  std::unique_ptr<MemoryArchive> archive;
  ForkReport report;
};

// kInvalid: a change is none, or of what is no command from outside, or of nothing in the log.
// kCorruption, kUnknownType: the original cannot be folded.
Result<Forked> MakeFork(const Archive& original, const ForkChanges& changes,
                        const std::function<bool(uint64_t done, uint64_t total)>& on_progress);

// Entities that end differently, with what differs: original before, fork after.
struct ForkDifference {
  std::string entity;
  std::string change;  // "changed", "only in the fork", "not in the fork"
  std::vector<FieldDiff> fields;
};
Result<std::vector<ForkDifference>> CompareEnds(const Archive& original, const Archive& fork);

}  // namespace sluice::replay
