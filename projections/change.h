// Change: one decision as watches see it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "events/basic_types.h"
#include "machines/common/kind.h"

namespace sluice {

// A value that is cheap to copy but for its actions; immutable once published.
struct Change {
  enum class What : uint8_t {
    kAdded,     // the object came into being, or again
    kModified,  // its version moved
    kDeleted,   // it is gone; `after` is how it was last
    kNone,      // only actions changed
  };

  uint64_t sequence = 0;  // of the decision
  What what = What::kNone;
  std::string entity;  // "kind/namespace/name"
  const KindInfo* kind = nullptr;
  uint64_t version = 0;
  std::shared_ptr<const Bytes> before;  // packed root; null: did not exist, or is not known
  std::shared_ptr<const Bytes> after;   // packed root; null with kNone
  // Mentions (store_keys.h) of pending actions that ended and began.
  std::vector<std::string> actions_ended;
  std::vector<std::string> actions_begun;

  size_t ByteSize() const;
};

}  // namespace sluice
