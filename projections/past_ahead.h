// What was read of lists of the past beyond the pages that were asked for. A block of the log is
// unpacked once for all entities that are folded together, so the further pages of a list are
// folded ahead, ever more of them at once, and kept for the calls to come. Nothing kept becomes
// wrong: what was true at a coverage stays so.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/object_text.h"
#include "projections/resource_version.h"

namespace sluice {

// A list's stretch, in order of (namespace, name).
struct PastChunk {
  struct Key {
    std::string kind;
    std::optional<std::string> namespace_;
    Coverage coverage;
    bool operator==(const Key&) const = default;
  };
  struct Item {
    std::string entity;
    std::optional<ObjectText> object;  // nullopt: it was not there
  };

  Key key;
  std::string after;        // begins behind this entity; "": with the first
  std::vector<Item> items;  // empty: there are no more
  bool at_end = false;

  size_t ByteSize() const;
};

// Threadsafe.
class PastAhead {
 public:
  // Keeps the last of them, and of the others so many bytes.
  explicit PastAhead(size_t bytes_max) : bytes_max_(bytes_max) {}

  struct Place {
    std::shared_ptr<const PastChunk> chunk;
    size_t next = 0;  // its first item behind the entity
  };
  // Where the list goes on behind `after`; no chunk: that is not kept.
  Place Find(const PastChunk::Key& key, std::string_view after);
  // Items of the chunk that ends with `after`; 0: it is not kept.
  size_t SizeBefore(const PastChunk::Key& key, std::string_view after) const;
  void Keep(std::shared_ptr<const PastChunk> chunk);

 private:
  const size_t bytes_max_;
  mutable std::mutex mutex_;
  std::list<std::shared_ptr<const PastChunk>> kept_;  // used last first
  size_t bytes_ = 0;
};

}  // namespace sluice
