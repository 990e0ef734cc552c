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

// How an entity ends beside its original: fields are those of the original before, of the fork
// after; the whole object where it is in one of them alone.
struct ForkDifference {
  enum class Change : uint8_t { kChanged, kOnlyInFork, kNotInFork };

  std::string entity;
  Change change = Change::kChanged;
  std::vector<FieldDiff> fields;
};
// Those that end differently, of the entities that `selects`, asked once about each; null: of all.
Result<std::vector<ForkDifference>> CompareEnds(
    const Archive& original, const Archive& fork,
    const std::function<bool(std::string_view entity)>& selects = nullptr);

}  // namespace sluice::replay
