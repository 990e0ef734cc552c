#include "projections/remembered_commands.h"

namespace sluice {

std::optional<RememberedCommand> RememberedCommands::Find(std::string_view entity,
                                                          std::string_view id) const {
  const auto found = commands_.find({std::string(entity), std::string(id)});
  if (found == commands_.end()) return std::nullopt;
  return found->second;
}

void RememberedCommands::Take(const AppliedBatch& batch) {
  for (const AppliedRecord& applied : batch.records) {
    if (applied.record->decision) Take(*applied.record->decision, applied.record->sequence);
  }
}

void RememberedCommands::Take(const Decision& decision, uint64_t sequence) {
  if (IsRemembered(decision)) {
    commands_[{decision.command->entity, decision.command->id}] =
        RememberedAs(decision, sequence, CommandFingerprint(*decision.command));
  }
  if (!decision.command) return;
  if (const auto* answered = decision.command->payload.As<Answered>()) {
    const auto known = commands_.find({decision.command->entity, answered->id});
    if (known != commands_.end()) known->second.answered_by = sequence;
  }
}

}  // namespace sluice
