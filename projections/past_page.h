// A stretch of a list of the past. Its entities are looked up by their rows and folded together:
// each record of the log is read once for all of them, in the log's order, and memory is bounded by
// their number, not by the cluster.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "projections/past_fold.h"
#include "projections/queries.h"

namespace sluice {

// Used by one thread, once.
class PastPage {
 public:
  // As of `coverage`, all of which is reached.
  PastPage(const Queries& queries, std::shared_ptr<const NodeView> view, const Coverage& coverage)
      : queries_(queries), view_(std::move(view)), coverage_(coverage) {}

  // What these were then, in their order; nullopt: it was not there.
  Result<std::vector<std::optional<ObjectText>>> Read(
      const std::vector<EntityCursor::Entry>& entries);

 private:
  struct Folded {
    Folded(size_t at, std::string_view name, uint32_t of, LoadedEntity then, FoldedRecord& record)
        : place(at),
          entity(name),
          partition(of),
          loaded(std::move(then)),
          fold(loaded, entity, record) {}

    const size_t place;  // in the page
    const std::string entity;
    const uint32_t partition;
    LoadedEntity loaded;
    PastFold fold;
  };
  struct Wanted {
    uint64_t sequence = 0;
    size_t folded = 0;
  };
  // Decides how the entity is read; those whose decisions are to be folded are noted.
  Result<void> Look(const EntityCursor::Entry& entry, size_t place);
  Result<void> FoldPartition(uint32_t partition);

  const Queries& queries_;
  const std::shared_ptr<const NodeView> view_;
  const Coverage& coverage_;
  std::vector<std::optional<ObjectText>> objects_;
  std::deque<Folded> folded_;
  FoldedRecord record_;
  std::vector<std::vector<Wanted>> wanted_;  // by partition
};

}  // namespace sluice
