#include "engine/journal/journal.h"

namespace sluice {

Result<void> Journal::ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                                  const RecordVisitor& visitor) const {
  bool enough = false;
  for (const uint64_t sequence : sequences) {
    auto read = ReadEvents(partition, sequence, [&](uint64_t at, std::string_view record) {
      enough = at == sequence && !visitor(at, record);
      return false;
    });
    if (!read || enough) return read;
  }
  return {};
}

}  // namespace sluice
