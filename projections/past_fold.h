// PastFold: one entity folded along its history up to where it is asked about. Reads of each record
// what a fold needs, and checks the hash of the state where it ends instead of at every decision.
#pragma once

#include <string>
#include <string_view>

#include "projections/fold.h"

namespace sluice {

// Used by one thread.
class PastFold {
 public:
  // Folds into `entity`, `key` is its name. `record` is what records are read into, and may be
  // shared by folds. Both outlive this.
  PastFold(LoadedEntity& entity, std::string_view key, FoldedRecord& record)
      : entity_(entity), key_(key), folded_(record) {}

  // The next record about it. kCorruption, kUnknownType: it cannot be folded.
  Result<void> Add(uint64_t sequence, std::string_view bytes);
  // That what came out is what was recorded (I5). kCorruption.
  Result<void> Check() const;

  uint64_t decisions() const { return decisions_; }  // about it, of those added

 private:
  LoadedEntity& entity_;
  const std::string key_;
  FoldedRecord& folded_;
  Hash128 hash_;             // recorded
  uint64_t checked_at_ = 0;  // by the decision at
  bool has_hash_ = false;
  uint64_t decisions_ = 0;
};

}  // namespace sluice
