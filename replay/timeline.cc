#include "replay/timeline.h"

#include "projections/fold.h"

namespace sluice::replay {
namespace {

constexpr size_t kSequencesAtOnce = 256;

}  // namespace

Timeline::Timeline(const Archive& archive, std::string_view entity)
    : archive_(archive), key_(entity) {
  loaded_.kind = archive.kinds().Find(key_.substr(0, key_.find('/')));
  if (loaded_.kind == nullptr) return;
  loaded_.state = loaded_.kind->make();
  items_ = std::make_shared<FoldedItems>();
  loaded_.state->items.set_source(items_.get());
  loaded_.source = items_;
}

Result<void> Timeline::Walk(uint64_t end, const MomentVisitor& visit) {
  if (loaded_.kind == nullptr) {
    return Err(ErrorCode::kInvalid, "{}: there is no such kind in this build", key_);
  }
  const uint32_t partition = archive_.PartitionOf(key_);
  while (true) {
    auto sequences = archive_.Sequences(key_, from_, kSequencesAtOnce);
    if (!sequences) return tl::unexpected(sequences.error());
    for (const uint64_t sequence : *sequences) {
      if (sequence >= end) return {};
      auto record = archive_.Record({partition, sequence});
      if (!record) return tl::unexpected(record.error());
      from_ = sequence + 1;
      if (!record->decision) continue;
      auto more = Step(*record, visit);
      if (!more) return tl::unexpected(more.error());
      if (!*more) return {};
    }
    if (sequences->size() < kSequencesAtOnce) return {};
  }
}

Result<bool> Timeline::Step(const LogRecord& record, const MomentVisitor& visit) {
  ++decisions_;
  const std::shared_ptr<EntityState> before = loaded_.state;
  if (FoldedEntity(*record.decision) == key_) {
    loaded_.state = before->Clone();
    try {
      if (auto folded = FoldEntity(loaded_, *record.decision, record.sequence); !folded) {
        return tl::unexpected(folded.error());
      }
    } catch (const LoadFailure& failure) {
      return Err(ErrorCode::kCorruption, "{}: {}", key_, failure.what());
    }
    items_->Take(loaded_.state->items.TakeChanges());
  }
  return visit({.record = record,
                .decision = *record.decision,
                .kind = *loaded_.kind,
                .before = *before,
                .after = *loaded_.state,
                .changed_at = loaded_.sequence,
                .marks = loaded_.marks});
}

std::vector<FieldDiff> Moment::Changes() const {
  if (!changed()) return {};
  return Diff(after.root_type(), before.root(), after.root());
}

std::string Moment::Transition() const {
  if (!changed()) return "";
  const uint8_t from = kind.phase(before);
  const uint8_t to = kind.phase(after);
  return from == to ? "" : kind.PhaseName(from) + " -> " + kind.PhaseName(to);
}

Result<void> WalkTimeline(const Archive& archive, std::string_view entity, uint64_t end,
                          const MomentVisitor& visit) {
  return Timeline(archive, entity).Walk(end, visit);
}

Result<PastEntity> EntityAt(const Archive& archive, std::string_view entity,
                            const Coverage& point) {
  Timeline timeline(archive, entity);
  auto walked =
      timeline.Walk(point[archive.PartitionOf(entity)], [](const Moment&) { return true; });
  if (!walked) return tl::unexpected(walked.error());
  const LoadedEntity& now = timeline.now();
  return PastEntity{.kind = now.kind,
                    .state = now.state,
                    .items = timeline.items(),
                    .marks = now.marks,
                    .changed_at = now.sequence,
                    .decisions = timeline.decisions()};
}

bool IsReport(const Command& command) {
  if (command.source && !command.forwarded) return false;
  return command.actor.starts_with("provider/");
}

std::string CommandText(const Command& command) {
  if (const auto* due = command.payload.As<TimerDue>()) return "TimerDue " + due->id;
  if (command.payload.type() != nullptr) return std::string(command.payload.type()->wire_name);
  return std::string(command.payload.type_name());
}

}  // namespace sluice::replay
