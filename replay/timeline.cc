#include "replay/timeline.h"

#include <algorithm>

#include "events/json.h"
#include "projections/past_fold.h"

namespace sluice::replay {
namespace {

constexpr size_t kSequencesAtOnce = 256;

}  // namespace

Timeline::Timeline(const Archive& archive, std::string_view entity)
    : archive_(archive), key_(entity) {
  loaded_.kind = archive.kinds().Find(key_.substr(0, key_.find('/')));
  if (loaded_.kind == nullptr) return;
  loaded_.state = loaded_.kind->make();
  items_ = std::make_shared<ItemLayer>();
  loaded_.state->items.set_source(items_.get());
  loaded_.source = items_;
}

Timeline::Timeline(const Timeline& other)
    : archive_(other.archive_),
      key_(other.key_),
      loaded_(other.loaded_),
      from_(other.from_),
      folded_(other.folded_),
      lost_(other.lost_),
      ever_(other.ever_) {
  if (loaded_.kind == nullptr) return;
  items_ = std::make_shared<ItemLayer>(*other.items_);
  loaded_.state = other.loaded_.state->Clone();
  loaded_.state->items.set_source(items_.get());
  loaded_.source = items_;
}

Result<std::vector<uint64_t>> Timeline::NextSequences(uint64_t end, bool folded) const {
  if (loaded_.kind == nullptr) {
    return Err(ErrorCode::kInvalid, "{}: there is no such kind in this build", key_);
  }
  auto sequences = folded ? archive_.FoldedSequences(key_, from_, kSequencesAtOnce)
                          : archive_.Sequences(key_, from_, kSequencesAtOnce);
  if (!sequences) return sequences;
  while (!sequences->empty() && sequences->back() >= end) sequences->pop_back();
  return sequences;
}

Result<void> Timeline::Walk(uint64_t end, const MomentVisitor& visit) {
  const uint32_t partition = archive_.PartitionOf(key_);
  while (true) {
    auto sequences = NextSequences(end, /*folded=*/false);
    if (!sequences) return tl::unexpected(sequences.error());
    Result<bool> more = true;
    auto read = VisitRecords(archive_, partition, *sequences, [&](const LogRecord& record) {
      from_ = record.sequence + 1;
      if (record.decision) more = Step(record, visit);
      return more && *more;
    });
    if (!read) return read;
    if (!more) return tl::unexpected(more.error());
    if (!*more || sequences->size() < kSequencesAtOnce) return {};
  }
}

Result<void> Timeline::Jump(uint64_t end) {
  auto start = archive_.StartBefore(key_, end);
  if (!start) return tl::unexpected(start.error());
  if (!*start || (*start)->next <= from_) return {};
  loaded_ = std::move((*start)->entity);
  items_ = std::make_shared<ItemLayer>(loaded_.source, loaded_.source.get());
  loaded_.state->items.set_source(items_.get());
  loaded_.source = items_;
  from_ = (*start)->next;
  ever_ = true;
  return {};
}

Result<void> Timeline::Skip(uint64_t end) {
  if (!archive_.extent().HasAll()) {
    // There whether one decision follows from the other is looked at each time.
    auto walked = Walk(end, [](const Moment&) { return true; });
    if (walked && end != UINT64_MAX) from_ = std::max(from_, end);
    return walked;
  }
  const uint32_t partition = archive_.PartitionOf(key_);
  if (auto jumped = Jump(end); !jumped) return jumped;
  FoldedRecord record;
  PastFold fold(loaded_, key_, record);
  while (true) {
    auto sequences = NextSequences(end, /*folded=*/true);
    if (!sequences) return tl::unexpected(sequences.error());
    Result<void> folded;
    auto read =
        VisitBytes(archive_, partition, *sequences, [&](uint64_t sequence, std::string_view bytes) {
          folded = fold.Add(sequence, bytes);
          if (folded) from_ = sequence + 1;
          return folded.has_value();
        });
    if (!read) return read;
    if (!folded) return folded;
    if (sequences->size() < kSequencesAtOnce) break;
  }
  items_->Take(loaded_.state->items.TakeChanges());
  folded_ += fold.decisions();
  ever_ = ever_ || fold.decisions() > 0;
  // Those that a fold does not read are behind, too.
  if (end != UINT64_MAX) from_ = std::max(from_, end);
  return fold.Check();
}

// What is said where the state before a decision is not known, for records of it are not there.
tl::unexpected<Error> Timeline::Lost(const LogRecord& record) {
  lost_ = record.sequence;
  const std::string position = FormatPosition(record.partition, record.sequence);
  const Extent& extent = archive_.extent();
  if (!extent.damaged) {
    return Err(
        ErrorCode::kInvalid,
        "{}: this part of the log begins in the middle of its life, with decision {}; export "
        "it without --from, or with --with-causes",
        key_, position);
  }
  std::vector<Gap> before;
  for (const Gap& gap : extent.missing) {
    if (gap.partition == record.partition && gap.first < record.sequence) before.push_back(gap);
  }
  const std::string missing = MissingText(before);
  return Err(ErrorCode::kInvalid,
             "{}: what is left of the log does not lead to its decision {}: {}", key_, position,
             missing.empty() ? "others before it are missing" : missing);
}

Result<void> Timeline::Fold(const LogRecord& record) {
  try {
    auto folded = FoldEntity(loaded_, *record.decision, record.sequence);
    if (!folded) return folded;
  } catch (const LoadFailure& failure) {
    return Err(ErrorCode::kCorruption, "{}: {}", key_, failure.what());
  }
  items_->Take(loaded_.state->items.TakeChanges());
  return {};
}

Result<bool> Timeline::Step(const LogRecord& record, const MomentVisitor& visit) {
  ++folded_;
  ever_ = true;
  const std::shared_ptr<EntityState> before = loaded_.state;
  const Decision& decision = *record.decision;
  const bool may_lack = !archive_.extent().HasAll();
  // A decision moves the version by one at most.
  const uint64_t step = decision.verdict == Verdict::kAccepted ? 1 : 0;
  if (may_lack && decision.version > before->version + step) return Lost(record);
  if (FoldedEntity(decision) == key_) {
    loaded_.state = before->Clone();
    if (auto folded = Fold(record); !folded) {
      const bool known = std::all_of(decision.events.begin(), decision.events.end(),
                                     [](const Event& event) { return event.payload.type(); });
      if (may_lack && known) return Lost(record);
      return tl::unexpected(folded.error());
    }
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

Result<PastEntity> EntityAt(const Archive& archive, std::string_view entity, const Coverage& point,
                            const MomentVisitor& visit) {
  Timeline timeline(archive, entity);
  const uint64_t end = point[archive.PartitionOf(entity)];
  auto walked = visit ? timeline.Walk(end, visit) : timeline.Skip(end);
  if (!walked) return tl::unexpected(walked.error());
  bool ever = timeline.ever();
  if (!ever) {
    // It may have been refused all it was asked.
    const auto first = archive.Sequences(entity, 0, 1);
    if (!first) return tl::unexpected(first.error());
    ever = !first->empty() && first->front() < end;
  }
  const LoadedEntity& now = timeline.now();
  return PastEntity{.kind = now.kind,
                    .state = now.state,
                    .items = timeline.items(),
                    .marks = now.marks,
                    .changed_at = now.sequence,
                    .ever = ever};
}

std::string WholeObject(const PastEntity& entity) {
  return entity.Exists() ? ToJson(entity.state->root_type(), entity.state->root()) : "";
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
