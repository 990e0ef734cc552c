#include "replay/memory_archive.h"

#include <algorithm>

#include "events/codec.h"
#include "events/entity_key.h"

namespace sluice::replay {

MemoryArchive::MemoryArchive(const KindRegistry& kinds, uint32_t partitions, bool whole)
    : kinds_(kinds), whole_(whole), logs_(partitions) {}

Result<void> MemoryArchive::Add(uint32_t partition, Bytes bytes) {
  auto record = Unpack<LogRecord>(bytes);
  if (!record) return tl::unexpected(record.error());
  if (record->decision && record->decision->command && !record->decision->command->to_partition &&
      record->decision->verdict != Verdict::kForwarded) {
    const std::string& entity = record->decision->command->entity;
    if (!entity.empty()) about_[entity].push_back(record->sequence);
  }
  logs_[partition][record->sequence] = std::move(bytes);
  return {};
}

uint64_t MemoryArchive::End(uint32_t partition) const {
  const auto& log = logs_[partition];
  return log.empty() ? 0 : log.rbegin()->first + 1;
}

Result<void> MemoryArchive::Read(uint32_t partition, uint64_t from,
                                 const EventVisitor& visit) const {
  const auto& log = logs_[partition];
  for (auto at = log.lower_bound(from); at != log.end(); ++at) {
    if (!visit(at->first, at->second)) break;
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
