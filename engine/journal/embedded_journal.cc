#include "engine/journal/embedded_journal.h"

#include <mutex>
#include <utility>

#include "engine/journal/committer.h"
#include "engine/journal/log_store.h"
#include "engine/journal/partition_inputs.h"

namespace sluice {

using journal::Committer;
using journal::LogStore;
using journal::PartitionInputs;
using journal::PartitionTail;
using journal::Term;

// Destroyed from the bottom up: the committer's thread first, the store last.
struct EmbeddedJournal::Core {
  EmbeddedOptions options;
  std::unique_ptr<LogStore> store;
  std::vector<std::unique_ptr<PartitionInputs>> inputs;  // By partition.
  std::unique_ptr<Committer> committer;
  std::mutex open_mutex;  // Of two openings of a partition one comes after the other entirely.

  Result<void> CheckPartition(uint32_t partition) const {
    if (partition < inputs.size()) return {};
    return Err(ErrorCode::kInvalid, "there is no partition {}: the journal has {}", partition,
               inputs.size());
  }
};

namespace {

// A command is decided when it comes and joins whatever is written next.
constexpr size_t kCommitsWanted = 16;

class EmbeddedPartition final : public PartitionJournal {
 public:
  EmbeddedPartition(const LogStore& store, PartitionInputs& inputs, Committer& committer,
                    uint32_t partition)
      : store_(store),
        inputs_(inputs),
        committer_(committer),
        term_(committer.BeginTerm(partition)),
        end_(committer.EndSequence(partition)) {
    inputs_.Enter(term_.get());
  }

  ~EmbeddedPartition() override {
    committer_.EndTerm(*term_);
    inputs_.Leave(term_.get());
  }

  uint64_t EndSequence() const override { return end_; }

  Result<void> ReadEvents(uint64_t from, const RecordVisitor& visitor) override {
    return store_.ReadEvents(term_->partition, from, visitor);
  }

  Result<void> StartInputs(InputOffsets next) override { return inputs_.Start(term_.get(), next); }

  Result<size_t> Poll(Input input, const PollLimits& limits,
                      std::vector<InputRecord>* records) override {
    return inputs_.Poll(term_.get(), input, limits, records);
  }

  std::optional<uint64_t> InputsWaiting() const override { return inputs_.Waiting(term_.get()); }

  void SetWakeup(std::function<void()> wakeup) override {
    inputs_.SetWakeup(term_.get(), std::move(wakeup));
  }

  size_t CommitsWanted() const override { return kCommitsWanted; }

  void Commit(CommitBatch batch, CommitDone done) override {
    CHECK(batch.first_sequence == end_);
    CHECK(batch.decided.commands >= decided_.commands);
    CHECK(batch.decided.internal >= decided_.internal);
    end_ += batch.records.size();
    decided_ = batch.decided;
    committer_.Submit(term_, std::move(batch), std::move(done));
  }

 private:
  const LogStore& store_;
  PartitionInputs& inputs_;
  Committer& committer_;
  const std::shared_ptr<Term> term_;
  uint64_t end_;
  InputOffsets decided_;
};

Result<PartitionTail> ReadTail(const LogStore& store, uint32_t partition) {
  const auto end = store.ReadEndSequence(partition);
  if (!end) return tl::unexpected(end.error());
  const auto counters = store.ReadCounters(partition);
  if (!counters) return tl::unexpected(counters.error());
  const auto first = store.FirstInternal(partition);
  if (!first) return tl::unexpected(first.error());
  return PartitionTail{*end, *counters, first->value_or(counters->next_internal_offset)};
}

}  // namespace

EmbeddedJournal::EmbeddedJournal(std::unique_ptr<Core> core) : core_(std::move(core)) {}
EmbeddedJournal::~EmbeddedJournal() = default;

Result<std::unique_ptr<EmbeddedJournal>> EmbeddedJournal::Open(EmbeddedOptions options) {
  CHECK(options.clock != nullptr);
  CHECK(options.on_fatal != nullptr);
  auto core = std::make_unique<Core>();
  core->options = std::move(options);
  auto store = LogStore::Open(core->options);
  if (!store) return tl::unexpected(store.error());
  core->store = std::move(*store);

  std::vector<PartitionTail> tails;
  for (uint32_t p = 0; p < core->store->meta().partitions; ++p) {
    const auto tail = ReadTail(*core->store, p);
    if (!tail) return tl::unexpected(tail.error());
    tails.push_back(*tail);
    core->inputs.push_back(std::make_unique<PartitionInputs>(*core->store, core->options, p,
                                                             tail->counters.next_internal_offset));
  }
  auto& inputs = core->inputs;
  core->committer = std::make_unique<Committer>(
      *core->store, core->options, std::move(tails),
      [&inputs](uint32_t target, std::vector<InputRecord> records) {
        inputs[target]->AppendInternal(std::move(records));
      },
      [&inputs](uint32_t partition) { inputs[partition]->Wake(); });
  return std::unique_ptr<EmbeddedJournal>(new EmbeddedJournal(std::move(core)));
}

uint32_t EmbeddedJournal::partition_count() const { return core_->store->meta().partitions; }

Hash128 EmbeddedJournal::epoch() const { return core_->store->meta().epoch; }

Result<std::unique_ptr<PartitionJournal>> EmbeddedJournal::OpenPartition(uint32_t partition) {
  if (auto known = core_->CheckPartition(partition); !known) return tl::unexpected(known.error());
  if (const auto failure = core_->committer->failure()) return tl::unexpected(*failure);
  const std::lock_guard lock(core_->open_mutex);
  return std::make_unique<EmbeddedPartition>(*core_->store, *core_->inputs[partition],
                                             *core_->committer, partition);
}

Result<void> EmbeddedJournal::Append(uint32_t partition, InputRecord record) {
  if (auto known = core_->CheckPartition(partition); !known) return known;
  if (core_->committer->failed()) {
    return Err(ErrorCode::kUnavailable, "the journal has failed: {}",
               core_->committer->failure()->message);
  }
  return core_->inputs[partition]->AppendCommand(std::move(record));
}

Result<void> EmbeddedJournal::ReadEvents(uint32_t partition, uint64_t from,
                                         const RecordVisitor& visitor) const {
  if (auto known = core_->CheckPartition(partition); !known) return known;
  return core_->store->ReadEvents(partition, from, visitor);
}

Result<void> EmbeddedJournal::ReadRecords(uint32_t partition, std::span<const uint64_t> sequences,
                                          const RecordVisitor& visitor) const {
  if (auto known = core_->CheckPartition(partition); !known) return known;
  return core_->store->ReadRecords(partition, sequences, visitor);
}

Result<uint64_t> EmbeddedJournal::EndSequence(uint32_t partition) const {
  if (auto known = core_->CheckPartition(partition); !known) return tl::unexpected(known.error());
  return core_->committer->EndSequence(partition);
}

Result<void> EmbeddedJournal::ReadDeadLetters(uint32_t partition, uint64_t from,
                                              const DeadLetterVisitor& visitor) const {
  if (auto known = core_->CheckPartition(partition); !known) return known;
  return core_->store->ReadDeadLetters(partition, from, visitor);
}

Result<void> EmbeddedJournal::RemoveDeadLetter(uint32_t partition, uint64_t number) {
  if (auto known = core_->CheckPartition(partition); !known) return known;
  if (const auto failure = core_->committer->failure()) return tl::unexpected(*failure);
  const auto found = core_->store->HasDeadLetter(partition, number);
  if (!found) return tl::unexpected(found.error());
  if (!*found) {
    return Err(ErrorCode::kNotFound, "partition {} has no dead letter {}", partition, number);
  }
  journal::StoreBatch writes(*core_->store);
  writes.RemoveDeadLetter(partition, number);
  auto written = core_->store->Write(writes);
  if (!written) core_->committer->Fail(written.error());
  return written;
}

}  // namespace sluice
