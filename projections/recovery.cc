#include "projections/recovery.h"

#include <optional>
#include <utility>

#include "events/codec.h"
#include "projections/record_head.h"
#include "projections/replay_window.h"
#include "projections/window_fold.h"

namespace sluice {
namespace {

// Whether the log's record before the applied position is the one the store was derived from.
Result<bool> ChainsTo(const PartitionState& applied, const ReadEvents& read) {
  if (applied.next_sequence == 0) return true;
  bool chains = false;
  const uint64_t last = applied.next_sequence - 1;
  auto done = read(last, [&](uint64_t sequence, std::string_view bytes) {
    if (sequence != last) return false;
    // On Kafka records of a fenced owner may stand under the same sequence.
    chains = Xxh128(bytes) == applied.chain;
    return !chains;
  });
  if (!done) return tl::unexpected(done.error());
  return chains;
}

// Folds records and writes what comes out from time to time: of most of the log entity by entity, a
// window at a time, and of its end in order, with the changes that watches go on from.
class Replay {
 public:
  Replay(PartitionStore& store, const RecoveryOptions& options)
      : store_(store), options_(options), state_(store.applied()) {}

  Result<void> Add(std::string_view bytes);
  Result<void> Finish();
  uint64_t replayed() const { return replayed_; }

 private:
  bool InFeed() const {
    return store_.has_feed() && state_.next_sequence + options_.feed_last > options_.end_sequence;
  }
  Result<void> AddToWindow(std::string_view bytes);
  Result<void> WriteWindow();
  Result<void> AddInOrder(std::string_view bytes);
  Result<LoadedEntity*> EntityOf(ProjectedEntity& projected);
  Result<void> AddDecision(const LogRecord& record);
  Result<void> WriteInOrder();
  bool IsFull(size_t decisions, size_t bytes) const {
    return decisions >= options_.batch_decisions || bytes >= options_.batch_bytes;
  }
  bool IsAwaited(const LogRecord& head) const {
    return options_.on_decision && head.decision && (!options_.awaits || options_.awaits(head));
  }
  void Progress(uint64_t applied) const {
    if (options_.on_progress) options_.on_progress({applied, options_.end_sequence});
  }

  PartitionStore& store_;
  const RecoveryOptions& options_;
  PartitionState state_;
  RecordHead head_;
  ReplayWindow window_;
  bool at_end_ = false;  // read in order from here on
  // Its entities hold what is folded so far.
  BatchProjection in_order_;
  uint64_t replayed_ = 0;
};

Result<void> Replay::Add(std::string_view bytes) {
  if (!at_end_ && !InFeed()) return AddToWindow(bytes);
  if (!at_end_) {
    // Changes begin with a batch of their own.
    if (auto written = WriteWindow(); !written) return written;
    at_end_ = true;
  }
  return AddInOrder(bytes);
}

Result<LogRecord> UnpackAt(const PartitionState& state, std::string_view bytes) {
  auto record = Unpack<LogRecord>(bytes);
  if (record) return record;
  return Err(record.error().code, "record {}:{}: {}", state.partition, state.next_sequence,
             record.error().message);
}

Result<void> Replay::AddToWindow(std::string_view bytes) {
  std::optional<LogRecord> whole;
  std::string_view entity;
  if (ReadRecordHead(bytes, &head_)) {
    entity = head_.entity;
  } else {
    auto record = UnpackAt(state_, bytes);
    if (!record) return FirstFailure(store_, window_, record.error());
    whole = std::move(*record);
    if (whole->decision && whole->decision->command) entity = whole->decision->command->entity;
  }
  const uint64_t sequence = state_.next_sequence;
  if (auto folded = FoldPartition(state_, whole ? *whole : head_.record, bytes); !folded) {
    // A zombie's record is skipped by every reader alike (I3).
    if (folded.error().code == ErrorCode::kFenced) return {};
    return FirstFailure(store_, window_, folded.error());
  }
  ++replayed_;
  if (IsAwaited(whole ? *whole : head_.record)) {
    auto awaited = whole ? Result<LogRecord>(*whole) : Unpack<LogRecord>(bytes);
    if (!awaited) return FirstFailure(store_, window_, awaited.error());
    options_.on_decision(*awaited);
  }
  if (entity.empty()) {
    window_.AddOther();
  } else {
    window_.Add(sequence, entity, bytes);
  }
  return IsFull(window_.decisions(), window_.ByteSize()) ? WriteWindow() : Result<void>();
}

Result<void> Replay::WriteWindow() {
  if (state_.next_sequence == store_.applied().next_sequence) return {};
  const uint64_t began = store_.applied().next_sequence;
  WindowFold fold(store_, window_, [&](uint64_t folded) { Progress(began + folded); });
  const PartitionStore::ReplayedSize size{
      .decisions = window_.decisions(),
      .sorted_files = window_.decisions() >= options_.sorted_files_from};
  auto written = store_.ApplyReplayed([&] { return fold.Next(); }, state_, size);
  window_.Clear();
  if (written) Progress(state_.next_sequence);
  return written;
}

Result<LoadedEntity*> Replay::EntityOf(ProjectedEntity& projected) {
  LoadedEntity& entity = projected.loaded;
  if (!entity.state) {
    auto loaded = LoadForReplay(store_, projected.key);
    if (!loaded) return tl::unexpected(loaded.error());
    entity = std::move(*loaded);
  }
  return &entity;
}

Result<void> Replay::AddInOrder(std::string_view bytes) {
  auto record = UnpackAt(state_, bytes);
  if (!record) return tl::unexpected(record.error());
  if (auto folded = FoldPartition(state_, *record, bytes); !folded) {
    if (folded.error().code == ErrorCode::kFenced) return {};
    return folded;
  }
  ++replayed_;
  if (record->decision) {
    if (auto added = AddDecision(*record); !added) return added;
    if (IsAwaited(*record)) options_.on_decision(*record);
  }
  return IsFull(in_order_.decisions(), in_order_.ByteSize()) ? WriteInOrder() : Result<void>();
}

Result<void> Replay::AddDecision(const LogRecord& record) {
  const Decision& decision = *record.decision;
  ProjectedEntity* projected = in_order_.AddDecision(record.sequence, decision);
  if (FoldedEntity(decision).empty() || projected == nullptr) return {};
  auto overlaid = EntityOf(*projected);
  if (!overlaid) return tl::unexpected(ErrorIn(record, overlaid.error()));
  LoadedEntity& entity = **overlaid;
  const uint64_t version = entity.state->version;
  if (auto folded = FoldOne(entity, record); !folded) return folded;
  projected->Folded();
  if (entity.state->version == version) return {};
  in_order_.AddChange(record.sequence, decision, *entity.kind, *entity.state, *entity.stored);
  return {};
}

Result<void> Replay::WriteInOrder() {
  in_order_.TouchLoaded();
  if (auto written = store_.ApplyProjection(in_order_, state_); !written) return written;
  in_order_ = BatchProjection();
  Progress(state_.next_sequence);
  return {};
}

Result<void> Replay::Finish() {
  if (!at_end_) return WriteWindow();
  if (state_.next_sequence == store_.applied().next_sequence) return {};
  return WriteInOrder();
}

}  // namespace

Result<RecoveryReport> Recover(PartitionStore& store, const RecoveryOptions& options) {
  RecoveryReport report;
  auto chains = ChainsTo(store.applied(), options.read);
  if (!chains) return tl::unexpected(chains.error());
  if (!*chains) {
    if (auto emptied = store.Reset(); !emptied) return tl::unexpected(emptied.error());
    report.rebuilt = true;
  }
  Replay replay(store, options);
  Result<void> folded;
  auto read = options.read(store.applied().next_sequence, [&](uint64_t, std::string_view bytes) {
    folded = replay.Add(bytes);
    return folded.has_value();
  });
  if (!folded) return tl::unexpected(folded.error());
  if (!read) return tl::unexpected(read.error());
  if (auto finished = replay.Finish(); !finished) return tl::unexpected(finished.error());
  report.replayed = replay.replayed();
  return report;
}

}  // namespace sluice
