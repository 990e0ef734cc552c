#include "replay/kept_archive.h"

#include <algorithm>

namespace sluice::replay {
namespace {

// Read ahead of a visitor, who may have enough before.
constexpr size_t kKeptAtOnce = 32;

}  // namespace

Result<void> KeptArchive::Keep(uint32_t partition, std::span<const uint64_t> sequences) const {
  std::vector<uint64_t> missing;
  for (const uint64_t sequence : sequences) {
    if (!kept_.contains({partition, sequence})) missing.push_back(sequence);
  }
  if (missing.empty()) return {};
  return archive_.ReadRecords(partition, missing, [&](uint64_t sequence, std::string_view bytes) {
    bytes_ += bytes.size();
    kept_.emplace(std::pair(partition, sequence), bytes);
    return true;
  });
}

Result<void> KeptArchive::ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                                      const EventVisitor& visit) const {
  while (!sequences.empty()) {
    if (bytes_ > bytes_max_) return archive_.ReadRecords(partition, sequences, visit);
    const auto run = sequences.first(std::min(sequences.size(), kKeptAtOnce));
    sequences = sequences.subspan(run.size());
    if (auto kept = Keep(partition, run); !kept) return kept;
    for (const uint64_t sequence : run) {
      const auto found = kept_.find({partition, sequence});
      if (found != kept_.end() && !visit(sequence, found->second)) return {};
    }
  }
  return {};
}

}  // namespace sluice::replay
