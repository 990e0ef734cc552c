// What a fold of the log costs by itself: records read as far as a fold needs them, entities in
// memory alone, every hash checked. The yardstick of whatever folds the log to another end.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "machines/common/kind.h"
#include "projections/fold.h"

namespace sluice::bench {

// One partition's. Used by one thread.
class BareFold {
 public:
  explicit BareFold(uint32_t partition) { state_.partition = partition; }

  Result<void> Add(std::string_view bytes) {
    if (auto unpacked = UnpackToFold(bytes, &folded_); !unpacked) return unpacked;
    const LogRecord& record = folded_.record;
    if (auto folded = FoldPartition(state_, record, bytes); !folded) return folded;
    if (!record.decision) return {};
    const std::string_view key = FoldedEntity(*record.decision);
    if (key.empty()) return {};
    auto at = entities_.find(key);
    if (at == entities_.end()) {
      at = entities_.try_emplace(std::string(key)).first;
      at->second.kind = BuiltinKinds().Find(key.substr(0, key.find('/')));
      if (at->second.kind == nullptr) return Err(ErrorCode::kUnknownType, "no kind of {}", key);
      at->second.state = at->second.kind->make();
    }
    return FoldEntity(at->second, *record.decision, record.sequence);
  }

 private:
  struct KeyHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  PartitionState state_;
  FoldedRecord folded_;
  std::unordered_map<std::string, LoadedEntity, KeyHash, std::equal_to<>> entities_;
};

}  // namespace sluice::bench
