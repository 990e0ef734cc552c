#include "engine/partition_processor.h"

#include <algorithm>

namespace sluice {
namespace {

// A batch takes so many times fewer commands while more follow-ups wait than it takes of them.
constexpr size_t kBehindFollowUps = 8;

// What `next`, which follows `batch`, makes true besides: of an entity its last state counts, of
// its items the last value of each.
void Join(StagedBatch& batch, StagedBatch next) {
  batch.number = next.number;
  AppliedBatch& applied = batch.applied;
  for (AppliedRecord& record : next.applied.records) applied.records.push_back(std::move(record));
  applied.touched.merge(next.applied.touched);
  for (CachedEntity* entity : next.entities) {
    if (!next.applied.touched.contains(entity->key)) batch.entities.push_back(entity);
  }
  for (auto& [key, touched] : next.applied.touched) {  // Those that were there already.
    TouchedEntity& present = applied.touched[key];
    present.entity = std::move(touched.entity);
    for (auto& [item, value] : touched.items) present.items[item] = std::move(value);
  }
  applied.after = std::move(next.applied.after);
  for (WaitingCaller& caller : next.callers) batch.callers.push_back(std::move(caller));
}

}  // namespace

PartitionProcessor::PartitionProcessor(const KindRegistry& kinds, StateStore& store,
                                       std::unique_ptr<PartitionJournal> journal,
                                       const Clock& clock, ProcessorListener& listener,
                                       ProcessorOptions options)
    : store_(store),
      clock_(clock),
      listener_(listener),
      options_(std::move(options)),
      journal_(std::move(journal)),
      decider_(kinds, store, *journal_, clock, options_.decider) {}

PartitionProcessor::~PartitionProcessor() {
  for (const Flight& flight : in_flight_) Abandon(flight.batch);
  Abandon(decider_.batch());
}

void PartitionProcessor::Abandon(const StagedBatch& batch) {
  for (const WaitingCaller& caller : batch.callers) listener_.OnAbandoned(caller.ticket);
}

void PartitionProcessor::SetWakeup(std::function<void()> wakeup) {
  journal_->SetWakeup(std::move(wakeup));
}

Result<void> PartitionProcessor::Start(Hash128 epoch, uint32_t partitions) {
  if (decider_.state().next_sequence != journal_->EndSequence()) {
    return Err(ErrorCode::kCorruption, "the projections of partition {} are at {}, its log at {}",
               decider_.state().partition, decider_.state().next_sequence, journal_->EndSequence());
  }
  const PartitionState& state = decider_.state();
  if (state.next_sequence > 0 && state.epoch != epoch) {
    return Err(
        ErrorCode::kInvalid,
        "the import of partition {} was not finished: its log is of epoch {}, not {}; import "
        "once more",
        state.partition, ToHex(state.epoch), ToHex(epoch));
  }
  if (auto started = decider_.Start(); !started) return started;
  decider_.StageOpened(epoch, partitions);
  Commit();
  return {};
}

Result<bool> PartitionProcessor::Step() {
  Result<bool> finished = FinishCommits();
  if (!finished) return finished;
  if (!inputs_started_ || in_flight_.size() >= journal_->CommitsWanted()) return *finished;
  Result<bool> decided = DecideBatch();
  if (!decided) return decided;
  return *finished || *decided;
}

std::optional<uint64_t> PartitionProcessor::InputsWaiting() const {
  std::optional<uint64_t> waiting = journal_->InputsWaiting();
  if (!waiting) return std::nullopt;
  for (const Flight& flight : in_flight_) *waiting += flight.batch.commit.records.size();
  return waiting;
}

Result<bool> PartitionProcessor::FinishCommits() {
  std::deque<Result<void>> done;
  {
    const std::lock_guard lock(completions_->mutex);
    done.swap(completions_->done);
  }
  std::optional<StagedBatch> durable;
  Result<void> ended;
  for (const Result<void>& outcome : done) {
    if (!outcome) {
      ended = outcome;
      break;
    }
    Flight flight = std::move(in_flight_.front());
    in_flight_.pop_front();
    listener_.OnCommitted(flight.batch.commit.records.size(), clock_.Now() - flight.handed_in);
    if (durable) {
      Join(*durable, std::move(flight.batch));
    } else {
      durable = std::move(flight.batch);
    }
  }
  if (durable) {
    if (auto applied = Apply(*durable); !applied) return tl::unexpected(applied.error());
  }
  if (!ended) return tl::unexpected<Error>(std::move(ended.error()));
  return durable.has_value();
}

Result<void> PartitionProcessor::Apply(StagedBatch& batch) {
  if (auto applied = store_.Apply(batch.applied); !applied) {
    Abandon(batch);
    return applied;
  }
  decider_.Applied(batch);
  listener_.OnApplied(batch.applied);
  for (WaitingCaller& caller : batch.callers) {
    listener_.OnDecided(caller.ticket, std::move(caller.record));
  }
  if (inputs_started_) return {};
  const PartitionState& state = decider_.state();
  auto started =
      journal_->StartInputs({.commands = state.next_commands, .internal = state.next_internal});
  if (started) inputs_started_ = true;
  return started;
}

Result<bool> PartitionProcessor::DecideBatch() {
  struct Share {
    Input input;
    size_t records_max;
  };
  Share shares[] = {{Input::kInternal, options_.internal_per_batch},
                    {Input::kCommands, options_.commands_per_batch}};
  bool polled_any = false;
  for (const Share& share : shares) {
    std::vector<InputRecord> records;
    auto polled = journal_->Poll(
        share.input, {.max_records = share.records_max, .max_bytes = options_.batch_bytes_max / 4},
        &records);
    if (!polled) return tl::unexpected<Error>(std::move(polled.error()));
    polled_any = polled_any || !records.empty();
    // What was begun comes before what is new: else commands that set off much would pile it up,
    // and everybody's follow-ups would wait behind it.
    if (share.input == Input::kInternal && records.size() == share.records_max) {
      shares[1].records_max = std::max<size_t>(1, options_.commands_per_batch / kBehindFollowUps);
    }
    if (auto decided = DecideRecords(std::move(records)); !decided) {
      return tl::unexpected<Error>(std::move(decided.error()));
    }
  }
  if (auto due = decider_.DecideTimers(options_.timers_per_batch); !due) {
    return tl::unexpected<Error>(std::move(due.error()));
  }
  if (auto parked = decider_.DecideParked(options_.parked_per_batch); !parked) {
    return tl::unexpected<Error>(std::move(parked.error()));
  }
  // Records passed over without a decision may stand before others, beyond this batch's share.
  if (decider_.batch().empty()) return polled_any;
  Commit();
  return true;
}

Result<void> PartitionProcessor::DecideRecords(std::vector<InputRecord> records) {
  for (size_t i = 0; i < records.size(); ++i) {
    const uint64_t ticket = records[i].ticket;
    auto decided = decider_.DecideRecord(std::move(records[i]));
    if (decided) continue;
    if (ticket != 0) listener_.OnAbandoned(ticket);
    for (size_t rest = i + 1; rest < records.size(); ++rest) {
      if (records[rest].ticket != 0) listener_.OnAbandoned(records[rest].ticket);
    }
    return decided;
  }
  return {};
}

void PartitionProcessor::Commit() {
  Flight flight{decider_.TakeBatch(), clock_.Now()};
  CommitBatch commit = std::move(flight.batch.commit);
  flight.batch.commit = {};
  for (const AppliedRecord& applied : flight.batch.applied.records) {
    commit.unpacked.push_back(applied.record);
  }
  flight.batch.commit.records.resize(commit.records.size());  // only their number is of use now
  in_flight_.push_back(std::move(flight));
  journal_->Commit(std::move(commit), [completions = completions_](Result<void> done) {
    const std::lock_guard lock(completions->mutex);
    completions->done.push_back(std::move(done));
  });
}

}  // namespace sluice
