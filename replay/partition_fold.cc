#include "replay/partition_fold.h"

#include "events/codec.h"
#include "machines/common/step.h"
#include "projections/item_layer.h"

namespace sluice::replay {

PartitionFold::PartitionFold(const KindRegistry& kinds, uint32_t partition,
                             std::shared_ptr<PartitionStore> base)
    : kinds_(kinds), base_(std::move(base)) {
  if (base_) state_ = base_->applied();
  state_.partition = partition;
}

Result<bool> PartitionFold::Read(std::string_view bytes) {
  // Into the last one, whose memory is used again.
  if (auto read = Unpack(TypeOf<LogRecord>(), bytes, &record_); !read) {
    return Err(read.error().code, "I3: record {}:{} cannot be read: {}", state_.partition,
               state_.next_sequence, read.error().message);
  }
  if (auto folded = FoldPartition(state_, record_, bytes); !folded) {
    if (folded.error().code == ErrorCode::kFenced) return false;
    return tl::unexpected(folded.error());
  }
  if (record_.opened) opened_ = *record_.opened;
  changed_items_.clear();
  return true;
}

Result<Hash128> PartitionFold::HashAfter(const Decision& decision) {
  const auto entity = EntityOf(decision);
  if (!entity) return tl::unexpected(entity.error());
  if (*entity == nullptr) return Hash128{};
  const std::unique_ptr<EntityState> copy = (*entity)->state->Clone();
  try {
    FoldDecision(*(*entity)->kind, *copy, decision);
  } catch (const InvariantViolation& violation) {
    return Err(ErrorCode::kUnknownType, "{}", violation.what());
  }
  return copy->Hash();
}

Result<LoadedEntity*> PartitionFold::Addressed() {
  return record_.decision ? EntityOf(*record_.decision) : nullptr;
}

Result<LoadedEntity*> PartitionFold::EntityOf(const Decision& decision) {
  if (!decision.command) return nullptr;
  const Command& command = *decision.command;
  if (command.to_partition || command.entity.empty()) return nullptr;
  const auto found = entities_.find(command.entity);
  if (found != entities_.end()) return &found->second;
  LoadedEntity made;
  made.kind = kinds_.Find(command.entity.substr(0, command.entity.find('/')));
  if (made.kind == nullptr) return nullptr;
  const auto key = ParseEntityKey(command.entity);
  if (base_ && key) {
    auto loaded = base_->Load(*key);
    if (!loaded) return tl::unexpected(loaded.error());
    made = std::move(*loaded);
  } else {
    made.state = made.kind->make();
  }
  auto items = std::make_shared<ItemLayer>(made.source, made.source.get());
  made.state->items.set_source(items.get());
  made.source = std::move(items);
  return &entities_.emplace(command.entity, std::move(made)).first->second;
}

Result<void> PartitionFold::Apply() {
  if (!record_.decision || FoldedEntity(*record_.decision).empty()) return {};
  const Decision& decision = *record_.decision;
  const auto entity = Addressed();
  if (!entity) return tl::unexpected(entity.error());
  if (*entity == nullptr) {
    return Err(ErrorCode::kUnknownType, "{} is of a kind this build does not know",
               decision.command->entity);
  }
  try {
    if (auto folded = FoldEntity(**entity, decision, record_.sequence); !folded) return folded;
  } catch (const LoadFailure& failure) {
    return Err(ErrorCode::kCorruption, "{}: {}", decision.command->entity, failure.what());
  }
  return Settle(**entity, decision);
}

Result<void> PartitionFold::Adopt(std::shared_ptr<EntityState> after) {
  const Decision& decision = *record_.decision;
  LoadedEntity& entity = **Addressed();
  FoldMarks(entity.marks, decision, record_.sequence);
  if (after->version != entity.state->version) entity.sequence = record_.sequence;
  entity.state = std::move(after);
  return Settle(entity, decision);
}

Result<void> PartitionFold::Settle(LoadedEntity& entity, const Decision& decision) {
  if (!entity.state->items.changes().empty()) {
    // Made by EntityOf, and nobody else's.
    auto& items = const_cast<ItemLayer&>(static_cast<const ItemLayer&>(*entity.source));
    Items::Changes changes = entity.state->items.TakeChanges();
    if (note_items_) {
      for (const auto& [key, value] : changes) changed_items_.push_back(key);
    }
    items.Take(std::move(changes));
  }
  if (decision.verdict == Verdict::kAccepted && entity.state->version != decision.version) {
    return Err(ErrorCode::kCorruption, "I4: {} at {}:{} is at version {}, recorded is {}",
               decision.command->entity, state_.partition, record_.sequence, entity.state->version,
               decision.version);
  }
  return {};
}

}  // namespace sluice::replay
