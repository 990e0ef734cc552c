#include "replay/memory_archive.h"

#include <algorithm>

#include "events/codec.h"
#include "events/entity_key.h"

namespace sluice::replay {
namespace {

// What is read of the temporary file at once where records follow each other.
constexpr size_t kReadAheadBytes = size_t{256} << 10;

}  // namespace

MemoryArchive::MemoryArchive(const KindRegistry& kinds, uint32_t partitions, bool whole,
                             size_t record_bytes_in_memory_max)
    : kinds_(kinds),
      extent_{.whole = whole},
      logs_(partitions),
      records_(record_bytes_in_memory_max) {}

Result<void> MemoryArchive::Add(uint32_t partition, Bytes bytes) {
  auto record = Unpack<LogRecord>(bytes);
  if (!record) return tl::unexpected(record.error());
  Log& log = logs_[partition];
  if (!log.empty() && record->sequence <= log.back().sequence) {
    return Err(ErrorCode::kCorruption, "record {} comes behind {}", record->sequence,
               log.back().sequence);
  }
  auto place = records_.Add(bytes);
  if (!place) return tl::unexpected(place.error());
  log.push_back({record->sequence, *place});
  if (record->decision && record->decision->command && !record->decision->command->to_partition &&
      record->decision->verdict != Verdict::kForwarded) {
    const std::string& entity = record->decision->command->entity;
    if (!entity.empty()) about_[entity].push_back(record->sequence);
  }
  return {};
}

std::vector<Gap> MemoryArchive::GapsBefore(const Coverage& ends) const {
  std::vector<Gap> gaps;
  for (uint32_t partition = 0; partition < partitions(); ++partition) {
    uint64_t next = 0;
    for (const Row& row : logs_[partition]) {
      if (row.sequence > next) gaps.push_back({partition, next, row.sequence});
      next = row.sequence + 1;
    }
    if (ends[partition] > next) gaps.push_back({partition, next, ends[partition]});
  }
  return gaps;
}

uint64_t MemoryArchive::End(uint32_t partition) const {
  const Log& log = logs_[partition];
  return log.empty() ? 0 : log.back().sequence + 1;
}

MemoryArchive::Log::const_iterator MemoryArchive::From(const Log& log, uint64_t sequence) {
  return std::lower_bound(log.begin(), log.end(), sequence,
                          [](const Row& row, uint64_t wanted) { return row.sequence < wanted; });
}

Result<void> MemoryArchive::Read(uint32_t partition, uint64_t from,
                                 const EventVisitor& visit) const {
  const Log& log = logs_[partition];
  RecordFile::Chunk chunk;
  for (auto at = From(log, from); at != log.end(); ++at) {
    const auto bytes = records_.Read(at->place, &chunk, kReadAheadBytes);
    if (!bytes) return tl::unexpected(bytes.error());
    if (!visit(at->sequence, *bytes)) break;
  }
  return {};
}

Result<void> MemoryArchive::ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                                        const EventVisitor& visit) const {
  const Log& log = logs_[partition];
  RecordFile::Chunk chunk;
  for (const uint64_t sequence : sequences) {
    const auto found = From(log, sequence);
    if (found == log.end() || found->sequence != sequence) continue;
    const auto bytes = records_.Read(found->place, &chunk);
    if (!bytes) return tl::unexpected(bytes.error());
    if (!visit(sequence, *bytes)) break;
  }
  return {};
}

Result<std::vector<uint64_t>> MemoryArchive::Sequences(std::string_view entity, uint64_t from,
                                                       size_t limit) const {
  const auto found = about_.find(entity);
  if (found == about_.end()) return std::vector<uint64_t>();
  const auto& all = found->second;
  const auto begin = std::lower_bound(all.begin(), all.end(), from);
  const auto count = std::min<size_t>(limit, static_cast<size_t>(all.end() - begin));
  return std::vector<uint64_t>(begin, begin + static_cast<std::ptrdiff_t>(count));
}

Result<std::vector<uint64_t>> MemoryArchive::LastSequences(std::string_view entity, uint64_t end,
                                                           size_t limit) const {
  const auto found = about_.find(entity);
  if (found == about_.end()) return std::vector<uint64_t>();
  const auto& all = found->second;
  const auto last = std::lower_bound(all.begin(), all.end(), end);
  const auto count = std::min<size_t>(limit, static_cast<size_t>(last - all.begin()));
  return std::vector<uint64_t>(last - static_cast<std::ptrdiff_t>(count), last);
}

Result<void> MemoryArchive::ScanEntities(std::string_view kind,
                                         std::optional<std::string_view> namespace_,
                                         const EntityVisitor& visit) const {
  for (const auto& [entity, sequences] : about_) {
    const auto key = ParseEntityKey(entity);
    if (!key || key->kind != kind || (namespace_ && key->namespace_ != *namespace_)) continue;
    visit(entity);
  }
  return {};
}

}  // namespace sluice::replay
