// What a window of the log did to its entities, one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/batch_projection.h"
#include "projections/partition_store.h"
#include "projections/replay_window.h"

namespace sluice {

// Reads what the store has of each entity; nothing may be written before the last one was folded.
class WindowFold {
 public:
  // `folded` is told from time to time how many decisions are. All outlive this.
  WindowFold(PartitionStore& store, ReplayWindow& window,
             std::function<void(uint64_t folded)> on_progress);

  // The next entity in order of their rows, valid until the next call; null after the last. An
  // error is the first of the window by sequence, whichever entity's it is.
  Result<const ProjectedEntity*> Next();

 private:
  struct Failure {
    uint64_t sequence;
    Error error;
  };
  // Folds records before `end`.
  std::optional<Failure> Fold(const ReplayWindow::Run& run, uint64_t end);
  Result<void> FoldRecord(const ReplayWindow::Record& record);
  Error FirstOf(Failure failure);

  PartitionStore& store_;
  ReplayWindow& window_;
  const std::function<void(uint64_t)> on_progress_;
  const std::vector<ReplayWindow::Run> runs_;
  size_t next_ = 0;
  uint64_t folded_ = 0;
  std::optional<ProjectedEntity> entity_;
  FoldedRecord record_;
};

// `later`, or what goes wrong before it in the window: for an error in a record that follows it.
tl::unexpected<Error> FirstFailure(PartitionStore& store, ReplayWindow& window, Error later);

Result<LoadedEntity> LoadForReplay(PartitionStore& store, std::string_view entity);
// FoldEntity with what it throws as an error.
Result<void> FoldOne(LoadedEntity& entity, const LogRecord& record);
// An error with the record it happened in.
Error ErrorIn(const LogRecord& record, const Error& error);

}  // namespace sluice
