#include "replay/ledgers.h"

#include "events/logical.h"
#include "projections/resource_version.h"
#include "projections/state_store.h"

namespace sluice::replay {
namespace {

void AddEntry(FollowUpLedger::Lines& lines, std::pair<Hash128, uint32_t> key, uint64_t number,
              FollowUpLedger::Entry entry) {
  FollowUpLedger::Line& line = lines[key];
  if (line.entries.empty()) line.first = number;
  line.entries.push_back(entry);
}

bool IsFromUser(const Decision& decision) {
  return decision.command && !decision.command->derived_id && !decision.command->id.empty() &&
         (!decision.command->source || decision.command->forwarded);
}

}  // namespace

Result<const CommandLedger::Used*> CommandLedger::Find(const Hash128& key, const Command& command) {
  const auto found = used_.find(key);
  if (found != used_.end()) return &found->second;
  if (!base_) return nullptr;
  auto known = base_->FindCommand(command.entity, command.id, nullptr);
  if (!known) return tl::unexpected(known.error());
  if (!*known) return nullptr;
  const RememberedCommand& remembered = **known;
  return &used_
              .emplace(key, Used{.fingerprint = remembered.fingerprint,
                                 .sequence = remembered.sequence,
                                 .time = remembered.time})
              .first->second;
}

Result<std::string> CommandLedger::Check(const Decision& decision, uint64_t sequence,
                                         const PartitionState& state) {
  if (!IsFromUser(decision)) return "";
  const Command& command = *decision.command;
  const bool conflicts = decision.verdict == Verdict::kRejected && decision.rejection &&
                         decision.rejection->code == RejectionCode::kIdempotencyConflict;
  const bool accepted = decision.verdict == Verdict::kAccepted;
  if (!conflicts && !accepted && decision.verdict != Verdict::kDuplicate) return "";
  const Hash128 fingerprint = CommandFingerprint(command);
  Hash128 key = Xxh128(command.entity);
  key += Xxh128("/" + command.id);
  const auto found = Find(key, command);
  if (!found) return tl::unexpected(found.error());
  const Used* used = *found;
  const Duration window = state.settings.idempotency_window.value_or(Duration::Hours(24));
  const bool known = used != nullptr && used->time + window > decision.time;
  if (conflicts) {
    if (known && used->fingerprint != fingerprint) return "";
    return fmt::format("id '{}' is refused as used for another command, but it was not",
                       command.id);
  }
  if (decision.verdict == Verdict::kDuplicate) {
    if (!known) return fmt::format("id '{}' is answered as repeated, but it is new", command.id);
    if (used->fingerprint != fingerprint) {
      return fmt::format("id '{}' is answered as repeated, but its command is another", command.id);
    }
    const uint64_t said = decision.duplicate_of ? decision.duplicate_of->sequence : 0;
    if (said == used->sequence) return "";
    return fmt::format("id '{}' repeats the decision {}, recorded is {}", command.id,
                       FormatPosition(state.partition, used->sequence),
                       FormatPosition(state.partition, said));
  }
  const std::string wrong =
      known ? fmt::format("id '{}' was accepted at {} and is decided again", command.id,
                          FormatPosition(state.partition, used->sequence))
            : "";
  used_[key] = Used{.fingerprint = fingerprint, .sequence = sequence, .time = decision.time};
  return wrong;
}

void FollowUpLedger::Add(const LogRecord& record) {
  if (!record.decision) return;
  const Decision& decision = *record.decision;
  if (decision.origin && decision.origin->input == Input::kInternal && decision.command &&
      decision.command->source) {
    const FollowUpSource& source = *decision.command->source;
    AddEntry(decided_, {source.epoch, source.partition}, source.number,
             {.command = LogicalHash(*decision.command).lo,
              .sender = source.sequence,
              .decider = record.sequence});
  }
  for (const FollowUp& follow_up : decision.effects.follow_ups) {
    if (!follow_up.command || !follow_up.command->source) continue;
    AddEntry(
        sent_, {follow_up.command->source->epoch, follow_up.target_partition}, follow_up.number,
        {.command = LogicalHash(*follow_up.command).lo, .sender = record.sequence, .decider = 0});
  }
}

}  // namespace sluice::replay
