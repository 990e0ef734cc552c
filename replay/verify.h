// Verify: the whole log folded and every claim in it checked, partition by partition in parallel.
//
// Checked are: terms, sequences and the hash chain (I3), inputs and follow-up numbers per (source,
// target) and that what was decided is what was sent (I8), transitions (I6), the state hash of
// every decision (I5), versions (I4), repeated command ids, and the projections beside the log
// against the fold at their own position.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "events/paths.h"
#include "projections/partition_store.h"
#include "replay/archive.h"

namespace sluice::replay {

struct VerifyProgress {
  uint64_t done = 0;  // records
  uint64_t total = 0;
};

struct VerifyOptions {
  std::string build;   // of this binary
  size_t threads = 0;  // 0: one per core
  // Decides every command again. The log is checked as a fold does (I3 to I6); repeated ids, what
  // was sent against what was decided, and projections are left to a run without it.
  bool what_if = false;
  std::function<void(const VerifyProgress&)> on_progress;  // on the calling thread
  std::stop_token stop;
};

// Where the log and its fold part.
struct Divergence {
  std::string check;  // "I5", "I8", "dedup", "projections"
  DecisionPosition position;
  Time time;
  std::string entity;  // empty: it is no entity's
  std::string message;
  std::string decision_json;  // "": it cannot be read
  // What the decision changed, as this build folds it.
  std::vector<FieldDiff> changed;
  // Recorded against what this build decides from the same state, or stored against folded.
  std::vector<FieldDiff> differs;
  std::string written_by;  // build and node of the term
  uint64_t term = 0;
};

// Decisions that this build decides otherwise, of one kind, command and difference.
struct WhatIfGroup {
  std::string kind;
  std::string command;
  std::string difference;
  uint64_t count = 0;
  // The first of them.
  DecisionPosition example;
  std::string entity;
  std::vector<FieldDiff> fields;
};

struct PartitionVerified {
  uint32_t partition = 0;
  uint64_t records = 0;
  uint64_t begin = 0;  // the first record folded; what is before, a snapshot vouches for
  uint64_t end = 0;    // one past the last record folded
  uint64_t terms = 0;
  uint64_t entities = 0;
  uint64_t redecided = 0;
  Hash128 chain;
  // Position at which the projections equal the fold; nullopt: not compared.
  std::optional<uint64_t> projections_at;
  std::optional<Divergence> divergence;
};

struct Verified {
  std::vector<PartitionVerified> partitions;
  // The first by decision time; of the others each partition keeps its own.
  std::optional<Divergence> first;
  std::vector<WhatIfGroup> what_if;  // most frequent first
  double seconds = 0;
  uint64_t records() const;
  uint64_t redecided() const;
};

// kUnavailable: interrupted. Errors of reading as they come; what is wrong with the log itself is a
// Divergence.
Result<Verified> Verify(const Archive& archive, const VerifyOptions& options);

// Of every decision since these frozen stores, one per partition: what Verify checks of it, on the
// states they have. That what is before is right, is their word; what was sent is not compared with
// what was decided.
Result<Verified> VerifySince(const Archive& archive,
                             const std::vector<std::shared_ptr<PartitionStore>>& bases,
                             const VerifyOptions& options);

}  // namespace sluice::replay
