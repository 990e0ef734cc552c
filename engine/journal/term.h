// A term of a partition of the embedded journal: the handle by which committer and inputs know the
// partition's owner of the moment from an earlier one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sluice::journal {

struct Term {
  explicit Term(uint32_t owned_partition) : partition(owned_partition) {}

  const uint32_t partition;
  std::atomic<bool> ended = false;  // Set once, by the next term or the owner's leaving.
  size_t commits_in_flight = 0;     // Guarded by the committer.
};

}  // namespace sluice::journal
