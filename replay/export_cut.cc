#include "replay/export_cut.h"

#include <algorithm>
#include <set>

#include "events/codec.h"

namespace sluice::replay {
namespace {

// Read back at a time, until every other partition was seen to be ahead.
constexpr uint64_t kCutStride = 20'000;

// Cuts a partition before its first decision on what is behind another's end; whether there was
// one. Those of one sender come in its order, so the last that is not behind speaks for all
// before; a node that only follows a partition may have little of it.
Result<bool> CutOne(const Archive& archive, uint32_t partition, Coverage* ends) {
  std::set<uint32_t> ahead;
  uint64_t& end = (*ends)[partition];
  const uint64_t was = end;
  for (uint64_t behind = was; behind > 0 && ahead.size() + 1 < ends->size();) {
    const uint64_t from = behind - std::min(behind, kCutStride);
    std::set<uint32_t> ahead_here;
    auto read = archive.Read(partition, from, [&](uint64_t at, std::string_view bytes) {
      if (at >= behind || at >= end) return false;
      const auto record = Unpack<LogRecord>(bytes);
      if (!record || !record->decision || !record->decision->command ||
          !record->decision->command->source) {
        return true;
      }
      const FollowUpSource& source = *record->decision->command->source;
      if (source.partition >= ends->size() || source.partition == partition) return true;
      if (source.sequence < (*ends)[source.partition]) {
        ahead_here.insert(source.partition);
        return true;
      }
      end = at;
      return false;
    });
    // What cannot be read is found, and named, when it is given.
    if (!read && read.error().code != ErrorCode::kCorruption) {
      return tl::unexpected(read.error());
    }
    ahead.insert(ahead_here.begin(), ahead_here.end());
    behind = from;
  }
  return end != was;
}

}  // namespace

Result<Coverage> FittingEnds(const Archive& archive) {
  Coverage ends;
  for (uint32_t partition = 0; partition < archive.partitions(); ++partition) {
    auto end = archive.LogEnd(partition);
    if (!end) return tl::unexpected(end.error());
    ends.push_back(*end);
  }
  for (bool again = true; again;) {
    again = false;
    for (uint32_t partition = 0; partition < archive.partitions(); ++partition) {
      auto shortened = CutOne(archive, partition, &ends);
      if (!shortened) return tl::unexpected(shortened.error());
      again = again || *shortened;
    }
  }
  return ends;
}

}  // namespace sluice::replay
