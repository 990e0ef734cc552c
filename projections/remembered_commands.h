// RememberedCommands: a partition's commands whose ids are known, of a StateStore in memory.
// PartitionStore keeps them in rows. Used by one thread; copies share nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "projections/state_store.h"

namespace sluice {

class RememberedCommands {
 public:
  std::optional<RememberedCommand> Find(std::string_view entity, std::string_view id) const;
  // The decision's own, if it has one, and which earlier one it answers.
  void Take(const Decision& decision, uint64_t sequence);
  void Take(const AppliedBatch& batch);

 private:
  std::map<std::pair<std::string, std::string>, RememberedCommand> commands_;  // by entity, id
};

}  // namespace sluice
