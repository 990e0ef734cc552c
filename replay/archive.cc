#include "replay/archive.h"

#include <algorithm>
#include <variant>

#include "engine/routing.h"
#include "events/codec.h"

namespace sluice::replay {

std::string MissingText(const std::vector<Gap>& missing) {
  constexpr size_t kShownMax = 8;
  std::string text;
  for (size_t i = 0; i < std::min(missing.size(), kShownMax); ++i) {
    const Gap& gap = missing[i];
    text += (i == 0 ? "" : ", ") + FormatPosition(gap.partition, gap.first);
    if (gap.end > gap.first + 1) text += " to " + FormatPosition(gap.partition, gap.end - 1);
  }
  if (missing.empty()) return text;
  const bool one = missing.size() == 1 && missing.front().end == missing.front().first + 1;
  return text + (missing.size() > kShownMax ? " and more" : "") +
         (one ? " is missing" : " are missing");
}

const Extent& Archive::extent() const {
  static const Extent kAll;
  return kAll;
}

std::shared_ptr<const StoreView> Archive::Projections(uint32_t) const { return nullptr; }

Result<std::optional<PastStart>> Archive::StartBefore(std::string_view, uint64_t) const {
  return std::optional<PastStart>();
}

uint32_t Archive::PartitionOf(std::string_view entity) const {
  return PartitionOfKey(entity, partitions());
}

Time TimeOfRecord(const LogRecord& record) {
  if (record.decision) return record.decision->time;
  return record.opened ? record.opened->time : Time{};
}

Result<LogRecord> Archive::Record(const DecisionPosition& position) const {
  const std::string text = FormatPosition(position.partition, position.sequence);
  if (position.partition >= partitions()) {
    return Err(ErrorCode::kNotFound, "{}: there is no partition {}, the last is {}", text,
               position.partition, partitions() - 1);
  }
  std::optional<Result<LogRecord>> record;
  auto read = ReadRecords(position.partition, {&position.sequence, 1},
                          [&](uint64_t, std::string_view bytes) {
                            record = Unpack<LogRecord>(bytes);
                            return false;
                          });
  if (!read) return tl::unexpected(read.error());
  if (!record) {
    const auto end = LogEnd(position.partition);
    if (end && position.sequence >= *end) {
      return Err(ErrorCode::kNotFound, "{} is not decided yet: partition {} ends at {}", text,
                 position.partition,
                 *end == 0 ? "its beginning" : FormatPosition(position.partition, *end - 1));
    }
    return Err(ErrorCode::kNotFound, "{} is not in this log", text);
  }
  return std::move(*record);
}

Result<void> VisitBytes(const Archive& archive, uint32_t partition,
                        std::span<const uint64_t> sequences, const EventVisitor& visit) {
  size_t next = 0;
  bool enough = false;
  auto read =
      archive.ReadRecords(partition, sequences, [&](uint64_t sequence, std::string_view bytes) {
        if (sequence != sequences[next]) return false;
        ++next;
        enough = !visit(sequence, bytes);
        return !enough;
      });
  if (!read || enough || next == sequences.size()) return read;
  // It says what is there instead.
  auto missing = archive.Record({partition, sequences[next]});
  return missing ? Result<void>() : tl::unexpected(missing.error());
}

Result<void> VisitRecords(const Archive& archive, uint32_t partition,
                          std::span<const uint64_t> sequences,
                          const std::function<bool(const LogRecord& record)>& visit) {
  LogRecord record;
  Result<void> unpacked;
  auto read = VisitBytes(archive, partition, sequences, [&](uint64_t, std::string_view bytes) {
    unpacked = Unpack(TypeOf<LogRecord>(), bytes, &record);
    return unpacked && visit(record);
  });
  return read ? unpacked : read;
}

Result<void> VisitDecisions(const Archive& archive, std::string_view entity, uint64_t from,
                            const std::function<bool(const LogRecord& record)>& visit) {
  constexpr size_t kAtOnce = 256;
  while (true) {
    auto sequences = archive.Sequences(entity, from, kAtOnce);
    if (!sequences) return tl::unexpected(sequences.error());
    bool enough = false;
    auto read = VisitRecords(archive, archive.PartitionOf(entity), *sequences,
                             [&](const LogRecord& record) {
                               from = record.sequence + 1;
                               enough = record.decision && !visit(record);
                               return !enough;
                             });
    if (!read || enough || sequences->size() < kAtOnce) return read;
  }
}

Result<Time> Archive::TimeOf(const DecisionPosition& position) const {
  auto record = Record(position);
  if (!record) return tl::unexpected(record.error());
  return TimeOfRecord(*record);
}

Result<uint64_t> Archive::EndAt(uint32_t partition, Time time) const {
  // Decision times do not go back within a partition.
  uint64_t low = 0;
  uint64_t high = End(partition);
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    uint64_t found = middle;
    std::optional<Result<LogRecord>> record;
    const auto take = [&](uint64_t at, std::string_view bytes) {
      found = at;
      record = Unpack<LogRecord>(bytes);
      return false;
    };
    auto read = ReadRecords(partition, {&middle, 1}, take);
    // Where a part of a log has no record, what is there next: nothing lies between.
    if (read && !record && !extent().HasAll()) read = Read(partition, middle, take);
    if (!read) return tl::unexpected(read.error());
    if (record && !*record) return tl::unexpected(record->error());
    if (!record || found >= high || TimeOfRecord(**record) > time) {
      high = middle;
    } else {
      low = found + 1;
    }
  }
  return low;
}

Coverage Archive::Now() const {
  Coverage now;
  for (uint32_t partition = 0; partition < partitions(); ++partition) {
    now.push_back(End(partition));
  }
  return now;
}

Result<Coverage> Archive::PointAt(std::string_view text, Time clock) const {
  Coverage now = Now();
  if (text.empty()) return now;
  std::optional<DecisionPosition> exact;
  Time time;
  if (const auto parsed = ParseTime(text)) {
    time = *parsed;
    Time last;
    for (uint32_t partition = 0; partition < partitions(); ++partition) {
      if (now[partition] == 0) continue;
      if (const auto at = TimeOf({partition, now[partition] - 1})) last = std::max(last, *at);
    }
    if (time > std::max(last, clock)) {
      return Err(ErrorCode::kInvalid, "{} is in the future: it is {}", text,
                 FormatTime(std::max(last, clock)));
    }
  } else {
    auto version = ParseResourceVersion(text, partitions());
    if (!version) return tl::unexpected(version.error());
    if (const auto* coverage = std::get_if<Coverage>(&*version)) {
      for (uint32_t partition = 0; partition < partitions(); ++partition) {
        if ((*coverage)[partition] > now[partition]) {
          return Err(ErrorCode::kNotFound, "{} is not decided yet",
                     FormatPosition(partition, (*coverage)[partition] - 1));
        }
      }
      return *coverage;
    }
    exact = std::get<DecisionPosition>(*version);
    auto at = TimeOf(*exact);
    if (!at) return tl::unexpected(at.error());
    time = *at;
  }
  Coverage point;
  for (uint32_t partition = 0; partition < partitions(); ++partition) {
    auto end = EndAt(partition, time);
    if (!end) return tl::unexpected(end.error());
    point.push_back(*end);
  }
  if (exact) point[exact->partition] = exact->sequence + 1;
  return point;
}

}  // namespace sluice::replay
