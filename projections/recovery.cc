#include "projections/recovery.h"

#include <optional>
#include <utility>

#include "events/codec.h"

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

// Folds records into an overlay over the store and writes it from time to time.
class Replay {
 public:
  Replay(PartitionStore& store, const RecoveryOptions& options)
      : store_(store), options_(options), state_(store.applied()) {
    Begin();
  }

  Result<void> Add(std::string_view bytes);
  Result<void> Finish();
  uint64_t replayed() const { return replayed_; }

 private:
  Result<LoadedEntity*> EntityOf(ProjectedEntity& projected);
  Result<void> AddDecision(const LogRecord& record);
  bool InFeed() const { return state_.next_sequence + options_.feed_last > options_.end_sequence; }
  bool IsFull() const;
  void Begin();
  Result<void> Write();

  PartitionStore& store_;
  const RecoveryOptions& options_;
  PartitionState state_;
  // Folded entities are in there, their item changes in `state->items` until it is written.
  std::optional<BatchProjection> batch_;
  size_t overlaid_ = 0;  // entities of the batch that were loaded
  uint64_t replayed_ = 0;
};

void Replay::Begin() { batch_.emplace(/*has_changes=*/InFeed()); }

Result<LoadedEntity*> Replay::EntityOf(ProjectedEntity& projected) {
  LoadedEntity& entity = projected.loaded;
  if (entity.state) return &entity;
  auto key = ParseEntityKey(projected.key);
  if (!key) return tl::unexpected(key.error());
  auto loaded = store_.Load(*key);
  if (!loaded) return tl::unexpected(loaded.error());
  entity = std::move(*loaded);
  ++overlaid_;
  // What was never stored has no items: the machine need not look for them.
  if (entity.stored->packed == nullptr) entity.state->items.set_source(nullptr);
  return &entity;
}

Result<void> Replay::Add(std::string_view bytes) {
  auto record = Unpack<LogRecord>(bytes);
  if (!record) {
    return Err(record.error().code, "record {}:{}: {}", state_.partition, state_.next_sequence,
               record.error().message);
  }
  if (auto folded = FoldPartition(state_, *record, bytes); !folded) {
    // A zombie's record is skipped by every reader alike (I3).
    if (folded.error().code == ErrorCode::kFenced) return {};
    return folded;
  }
  ++replayed_;
  if (record->decision) {
    if (auto added = AddDecision(*record); !added) return added;
    if (options_.on_decision) options_.on_decision(*record);
  }
  // Changes begin with a batch of their own.
  if (IsFull() || batch_->has_changes() != InFeed()) return Write();
  return {};
}

Result<void> Replay::AddDecision(const LogRecord& record) {
  const Decision& decision = *record.decision;
  ProjectedEntity* projected = batch_->AddDecision(record.sequence, decision);
  const std::string_view key = FoldedEntity(decision);
  if (key.empty() || projected == nullptr) return {};
  auto overlaid = EntityOf(*projected);
  if (!overlaid) {
    return Err(overlaid.error().code, "{} at {}:{}: {}", key, record.partition, record.sequence,
               overlaid.error().message);
  }
  LoadedEntity& entity = **overlaid;
  const uint64_t version = entity.state->version;
  Result<void> folded;
  try {
    folded = FoldEntity(entity, decision, record.sequence);
  } catch (const LoadFailure& failure) {
    return Err(ErrorCode::kIo, "{} at {}:{}: {}", key, record.partition, record.sequence,
               failure.what());
  }
  if (!folded) return folded;
  if (entity.state->version == version) return {};
  if (batch_->has_changes()) {
    batch_->AddChange(record.sequence, decision, *entity.kind, *entity.state, *entity.stored);
  } else {
    entity.stored->packed = nullptr;
  }
  return {};
}

bool Replay::IsFull() const {
  return overlaid_ >= options_.batch_entities || batch_->decisions() >= options_.batch_decisions ||
         batch_->ByteSize() >= options_.batch_bytes;
}

Result<void> Replay::Write() {
  batch_->TouchLoaded();
  const bool sorted_files = batch_->decisions() >= options_.sorted_files_from;
  if (auto written = store_.ApplyProjection(*batch_, state_, sorted_files); !written) {
    return written;
  }
  overlaid_ = 0;
  Begin();
  if (options_.on_progress) options_.on_progress({state_.next_sequence, options_.end_sequence});
  return {};
}

Result<void> Replay::Finish() {
  if (state_.next_sequence == store_.applied().next_sequence) return {};
  return Write();
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
