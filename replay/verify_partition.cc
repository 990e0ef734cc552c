#include "replay/verify_partition.h"

#include "events/codec.h"
#include "projections/decision_json.h"
#include "projections/store_view.h"
#include "replay/redecide.h"
#include "replay/verify_waypoints.h"

namespace sluice::replay {
namespace {

constexpr uint64_t kLookUpEvery = 1024;

// The invariant a message begins with: "I5: ..." or "decision 7: I6: ...".
std::string CheckNamed(const Error& error) {
  for (const char* name : {"I3", "I4", "I5", "I6", "I8"}) {
    if (error.message.find(std::string(name) + ":") != std::string::npos) return name;
  }
  return error.code == ErrorCode::kUnknownType ? "newer build" : "record";
}

}  // namespace

PartitionWalk::PartitionWalk(const Archive& archive, const VerifyOptions& options,
                             uint32_t partition, uint64_t end, std::atomic<uint64_t>& done,
                             std::shared_ptr<PartitionStore> base)
    : archive_(archive),
      options_(options),
      end_(end),
      base_(std::move(base)),
      done_(done),
      fold_(archive.kinds(), partition, base_),
      commands_(base_),
      view_(archive.Projections(partition)) {
  result_.partition = partition;
  result_.begin = fold_.state().next_sequence;
}

Result<void> PartitionWalk::Begin() {
  if (!view_ || options_.what_if) return {};
  auto at = view_->NextSequence();
  if (!at) return tl::unexpected(at.error());
  // An empty store is one that is derived anew.
  if (*at == 0 || *at < result_.begin || *at > end_) return {};
  view_at_ = *at;
  if (*at == result_.begin) result_.projections_at = *at;
  waypoints_ = std::make_unique<WaypointCheck>();
  if (auto begun = waypoints_->Begin(view_, result_.begin); !begun) return begun;
  if (waypoints_->empty()) waypoints_.reset();
  if (waypoints_) fold_.NoteItems();
  return {};
}

Result<void> PartitionWalk::Walk() {
  if (auto begun = Begin(); !begun) return begun;
  auto read = archive_.Read(result_.partition, result_.begin,
                            [this](uint64_t, std::string_view bytes) { return Take(bytes); });
  result_.end = fold_.state().next_sequence;
  result_.entities = fold_.entities().size();
  result_.chain = fold_.state().chain;
  if (!read && read.error().code == ErrorCode::kCorruption) {
    Diverge("I3", result_.end, read.error().message);
    return {};
  }
  if (read && !result_.divergence && result_.end < end_ && !options_.stop.stop_requested()) {
    Diverge("I3", result_.end,
            fmt::format("the log ends here, but {} records are said to be there", end_));
  }
  return read;
}

bool PartitionWalk::Take(std::string_view bytes) {
  if (fold_.state().next_sequence >= end_) return false;
  if (result_.records % kLookUpEvery == 0) {
    if (options_.stop.stop_requested()) return false;
    done_ += result_.records == 0 ? 0 : kLookUpEvery;
  }
  ++result_.records;
  const uint64_t sequence = fold_.state().next_sequence;
  auto counts = fold_.Read(bytes);
  if (!counts) {
    Diverge(CheckNamed(counts.error()), sequence, counts.error().message);
    return false;
  }
  if (!*counts) return true;
  const LogRecord& record = fold_.record();
  if (record.opened) ++result_.terms;
  if (record.decision) {
    std::shared_ptr<EntityState> after;
    if (options_.what_if) {
      after = DecideAgain();
    } else {
      const auto wrong = commands_.Check(*record.decision, sequence, fold_.state());
      if (!wrong || !wrong->empty()) {
        Diverge("dedup", sequence, wrong ? *wrong : wrong.error().message);
        return false;
      }
      follow_ups_.Add(record);
    }
    if (auto applied = after ? fold_.Adopt(std::move(after)) : fold_.Apply(); !applied) {
      Diverge(CheckNamed(applied.error()), sequence, applied.error().message);
      return false;
    }
  }
  if (waypoints_ && record.decision) CompareWaypoint();
  if (view_at_ == fold_.state().next_sequence) CompareProjections();
  return !result_.divergence;
}

std::shared_ptr<EntityState> PartitionWalk::DecideAgain() {
  const Decision& decision = *fold_.record().decision;
  const LoadedEntity* entity = fold_.Addressed().value_or(nullptr);
  if (entity == nullptr) return nullptr;
  // Settings and partitions are moved by records that no machine decides.
  auto again = Redecide(*entity, decision, fold_.state());
  if (!again) return nullptr;
  ++result_.redecided;
  if (!again->differs()) return std::move(again->after);
  const std::string command(decision.command->payload.type()->wire_name);
  const auto [at, is_new] =
      group_of_.try_emplace({entity->kind->name, command, again->summary}, groups_.size());
  if (is_new) {
    groups_.push_back({.kind = entity->kind->name,
                       .command = command,
                       .difference = again->summary,
                       .count = 0,
                       .example = {result_.partition, fold_.record().sequence},
                       .entity = decision.command->entity,
                       .fields = again->fields});
  }
  ++groups_[at->second].count;
  return nullptr;
}

PartitionWalk::~PartitionWalk() = default;

void PartitionWalk::CompareWaypoint() {
  const LoadedEntity* entity = fold_.Addressed().value_or(nullptr);
  if (entity == nullptr) return;
  const LogRecord& record = fold_.record();
  auto difference = waypoints_->Pass(record.decision->command->entity, *entity, record.sequence,
                                     fold_.changed_items());
  if (!difference) return Diverge("projections", record.sequence, difference.error().message);
  if (*difference) Differ(std::move(**difference));
}

void PartitionWalk::Differ(StoreDifference difference) {
  Diverge("projections", difference.sequence, difference.message);
  result_.divergence->entity = difference.entity;
  result_.divergence->differs = std::move(difference.fields);
}

void PartitionWalk::CompareProjections() {
  if (result_.divergence) return;
  if (auto stray = waypoints_ ? waypoints_->End() : std::nullopt) return Differ(std::move(*stray));
  auto difference =
      base_ ? CompareTouched(*view_, fold_) : CompareWithStore(*view_, fold_, archive_.kinds());
  if (!difference) {
    return Diverge("projections", fold_.record().sequence, difference.error().message);
  }
  if (!*difference) {
    result_.projections_at = *view_at_;
    return;
  }
  Differ(std::move(**difference));
}

LoadedEntity PartitionWalk::FoldBefore(std::string_view entity, uint64_t sequence) const {
  LoadedEntity folded;
  folded.kind = archive_.kinds().Find(entity.substr(0, entity.find('/')));
  if (folded.kind == nullptr) return folded;
  folded.state = folded.kind->make();
  const auto key = ParseEntityKey(entity);
  if (base_ && key) {
    if (auto loaded = base_->Load(*key)) folded = std::move(*loaded);
  }
  auto read =
      archive_.Read(result_.partition, result_.begin, [&](uint64_t at, std::string_view bytes) {
        if (at >= sequence) return false;
        const auto record = Unpack<LogRecord>(bytes);
        if (record && record->decision && FoldedEntity(*record->decision) == entity) {
          (void)FoldEntity(folded, *record->decision, at);
        }
        return true;
      });
  if (!read) folded.state = folded.kind->make();
  return folded;
}

void PartitionWalk::Explain(Divergence& divergence) const {
  auto record = archive_.Record(divergence.position);
  if (!record) return;
  divergence.time = TimeOfRecord(*record);
  if (!record->decision) return;
  const Decision& decision = *record->decision;
  divergence.decision_json = DecisionJson(*record);
  if (!decision.command || decision.command->entity.empty()) return;
  divergence.entity = decision.command->entity;
  if (divergence.check == "projections" || FoldedEntity(decision).empty()) return;
  LoadedEntity before = FoldBefore(divergence.entity, divergence.position.sequence);
  if (before.kind == nullptr) return;
  if (const auto again = Redecide(before, decision, fold_.state())) {
    divergence.differs = again->fields;
  }
  const std::unique_ptr<EntityState> untouched = before.state->Clone();
  (void)FoldEntity(before, decision, divergence.position.sequence);
  divergence.changed = Diff(before.state->root_type(), untouched->root(), before.state->root());
}

void PartitionWalk::Diverge(std::string check, uint64_t sequence, std::string message) {
  if (result_.divergence) return;
  Divergence divergence;
  divergence.check = std::move(check);
  divergence.position = {result_.partition, sequence};
  divergence.message = std::move(message);
  divergence.term = fold_.state().term;
  const Opened& opened = fold_.opened();
  divergence.written_by = opened.build + (opened.node.empty() ? "" : " (" + opened.node + ")");
  // Where it cannot be read, it is of the time of what stands before it.
  divergence.time = fold_.state().decision_time;
  Explain(divergence);
  result_.divergence = std::move(divergence);
}

}  // namespace sluice::replay
