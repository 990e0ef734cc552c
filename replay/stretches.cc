#include "replay/stretches.h"

namespace sluice::replay {
namespace {

// About as many decisions as lie between two waypoints, and what the next stretch has more.
constexpr size_t kFirstStretch = 128;
constexpr size_t kGrowth = 4;

// Hands each stretch to `go_through`, with the end of the one it is of and whether others come
// before it.
Result<void> ForStretches(const Archive& archive, std::string_view entity, uint64_t end,
                          const std::function<Result<void>(const std::vector<uint64_t>& sequences,
                                                           uint64_t end, bool earlier)>& go_through,
                          const std::function<bool()>& enough) {
  for (size_t stretch = kFirstStretch;; stretch *= kGrowth) {
    const auto sequences = archive.LastSequences(entity, end, stretch);
    if (!sequences) return tl::unexpected(sequences.error());
    const bool earlier = sequences->size() == stretch;
    if (auto gone = go_through(*sequences, end, earlier); !gone) return gone;
    if (enough() || !earlier) return {};
    end = sequences->front();
  }
}

}  // namespace

Result<void> WalkStretches(const Archive& archive, std::string_view entity, uint64_t end,
                           const MomentVisitor& visit, const std::function<bool()>& enough) {
  const auto walk = [&](const std::vector<uint64_t>& sequences, uint64_t until,
                        bool earlier) -> Result<void> {
    Timeline timeline(archive, entity);
    if (earlier) {
      if (auto skipped = timeline.Skip(sequences.front()); !skipped) return skipped;
    }
    return timeline.Walk(until, visit);
  };
  return ForStretches(archive, entity, end, walk, enough);
}

Result<void> VisitStretches(const Archive& archive, std::string_view entity, uint64_t end,
                            const std::function<void(const LogRecord& record)>& visit,
                            const std::function<bool()>& enough) {
  const auto read = [&](const std::vector<uint64_t>& sequences, uint64_t, bool) {
    return VisitRecords(archive, archive.PartitionOf(entity), sequences,
                        [&](const LogRecord& record) {
                          if (record.decision) visit(record);
                          return true;
                        });
  };
  return ForStretches(archive, entity, end, read, enough);
}

}  // namespace sluice::replay
