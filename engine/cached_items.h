// CachedItems: the items of one entity in memory, as far as they were read or written, above its
// store.
//
// A set that works as a queue is read from its front with every decision, and single items are read
// before they are written. Both are answered here: a collection is known from its first key up to
// some key, row by row, and beyond that by single rows. What is known of an entity without items,
// a new one as a rule, is everything. Writes go through, so it never differs from what a decision
// has to see.
//
// Invariants: a row not yet applied is never dropped; below `known_to` what has no row is not
// there. Used by the partition's thread. Rows stay where they are until Trim or Applied, so a
// visitor may read on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/common/items.h"

namespace sluice {

class CachedItems final : public ItemSource {
 public:
  // Beyond this nothing more is taken in, and the largest collections are dropped.
  static constexpr size_t kBytesMax = size_t{1} << 20;

  // `is_empty`: the store has no item of it. `store` may be null and then has none either.
  CachedItems(const ItemSource* store, bool is_empty)
      : store_(store), is_empty_(is_empty || store == nullptr) {}

  std::optional<Bytes> Get(const ItemKey& key) const override;
  void Scan(CollectionId collection, std::string_view from,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override;

  // Takes the changes of a decision in batch `batch`.
  void Stage(const Items::Changes& changes, uint64_t batch);
  // Batches up to `batch` are in the store.
  void Applied(uint64_t batch);
  // Keeps it within kBytesMax, what is not applied apart.
  void Trim();

  // What is known, as bytes for Restore. All of it is applied.
  std::string Known() const;
  // Knows what another of the same entity did; knows nothing yet.
  void Restore(std::string_view known);

  bool IsApplied() const { return pending_.empty(); }
  size_t ByteSize() const { return bytes_; }

 private:
  struct Row {
    std::optional<Bytes> value;  // nothing: erased
    uint64_t batch = 0;          // not yet applied; 0: as the store has it
  };
  using Rows = std::map<std::string, Row, std::less<>>;
  struct Collection {
    Rows rows;
    std::string known_to;      // every row before it is here
    bool is_complete = false;  // every row is
    size_t bytes = 0;

    bool Knows(std::string_view key) const { return is_complete || key < known_to; }
  };
  // A row that a batch wrote.
  struct Pending {
    uint64_t batch = 0;
    CollectionId collection = 0;
    Rows::iterator row;
  };
  struct Reading;

  Collection& Of(CollectionId collection) const;
  static size_t SizeOf(const Rows::value_type& row);
  void Count(Collection& collection, size_t added, size_t removed) const;
  Rows::iterator Remember(Collection& collection, Rows::iterator hint, std::string_view key,
                          std::string_view value) const;
  // Visits what memory has up to, without, `end` (null: to the end). False: told to stop.
  static bool VisitUpTo(Reading& reading, const std::string_view* end);
  void Drop(Collection& collection);

  const ItemSource* const store_;
  const bool is_empty_;
  mutable std::map<CollectionId, Collection> collections_;
  mutable size_t bytes_ = 0;
  std::vector<Pending> pending_;  // ascending by batch
};

}  // namespace sluice
