#include "engine/journal/kafka/kafka_term.h"

#include <chrono>

#include "engine/journal/kafka/kafka_batch.h"
#include "engine/journal/kafka/kafka_membership.h"
#include "events/codec.h"

namespace sluice::kafka {
namespace {

// Decided input is deleted in strides, not at every commit.
constexpr uint64_t kDeleteStride = 50'000;
constexpr int kMarkersStepMs = 10;

}  // namespace

PartitionTerm::PartitionTerm(KafkaJournal::Core& core, uint32_t partition,
                             std::shared_ptr<void> counted,
                             std::unique_ptr<Transactions> transactions)
    : core_(core),
      partition_(partition),
      counted_(std::move(counted)),
      transactions_(std::move(transactions)),
      end_(core.slots[partition]->archived),
      committer_([this] { Run(); }) {}

PartitionTerm::~PartitionTerm() {
  {
    const std::lock_guard lock(core_.slots[partition_]->mutex);
    if (core_.slots[partition_]->term == this) core_.slots[partition_]->term = nullptr;
  }
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wakeup_ = nullptr;
  }
  changed_.notify_all();
  committer_.join();
  if (inputs_) inputs_->SetReady(nullptr);
}

void PartitionTerm::Fence() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return pending_.empty() && !busy_; });
  fenced_ = true;
}

Result<void> PartitionTerm::ReadEvents(uint64_t from, const RecordVisitor& visitor) {
  return core_.archive->ReadEvents(partition_, from, visitor);
}

Result<void> PartitionTerm::StartInputs(InputOffsets next) {
  auto reader = Reader::Make(core_.InputsConfig(), &core_.hurry);
  if (!reader) return tl::unexpected<Error>(std::move(reader.error()));
  const std::pair<const std::string*, uint64_t> inputs[] = {{&core_.names.commands, next.commands},
                                                            {&core_.names.internal, next.internal}};
  std::vector<Reader::Source> sources;
  for (const auto& [topic, from] : inputs) {
    const auto marks = (*reader)->QueryWatermarks(*topic, partition_, kRequestTimeout);
    if (!marks) return tl::unexpected<Error>(marks.error());
    // The high watermark may be above the last stable offset, never below what was decided.
    if (from > marks->end || from < marks->low) {
      core_.Suspect();
      return Err(ErrorCode::kCorruption,
                 "InputReplaced: {}-{} holds offsets {} to {}, but {} is next", *topic, partition_,
                 marks->low, marks->end, from);
    }
    sources.push_back({*topic, partition_, from});
  }
  if (auto assigned = (*reader)->Assign(sources); !assigned) return assigned;
  inputs_ = std::move(*reader);
  inputs_->SetReady([this] { Wake(); });
  return {};
}

InputRecord PartitionTerm::ToRecord(Input input, Message message) const {
  InputRecord record;
  record.input = input;
  record.offset = static_cast<uint64_t>(message.offset);
  record.timestamp = message.timestamp;
  record.payload = std::move(message.payload);
  for (auto& header : message.headers) {
    if (header.first == kContentTypeHeader) {
      record.is_json = header.second == "application/json";
    } else if (header.first == kTicketHeader) {
      // Ours only: another process's tickets mean nothing here.
      if (header.second.size() == core_.process_id.size() + 8 &&
          header.second.starts_with(core_.process_id)) {
        const auto ticket =
            DecodeNumber(std::string_view(header.second).substr(core_.process_id.size()));
        record.ticket = ticket.value_or(0);
      }
    } else {
      record.headers.push_back(std::move(header));
    }
  }
  return record;
}

Result<size_t> PartitionTerm::Poll(Input input, const PollLimits& limits,
                                   std::vector<InputRecord>* records) {
  {
    const std::lock_guard lock(mutex_);
    if (fenced_) return Err(ErrorCode::kFenced, "the term of partition {} has ended", partition_);
    if (failed_) return tl::unexpected<Error>(*failed_);
  }
  if (!inputs_) return Err(ErrorCode::kInvalid, "the inputs are not started");
  if (input != Input::kCommands && input != Input::kInternal) {
    return Err(ErrorCode::kInvalid, "{} holds no records", ToString(input));
  }
  const size_t source = input == Input::kCommands ? 0 : 1;
  std::deque<InputRecord>& ahead = ahead_[source].records;
  size_t taken = 0;
  size_t bytes = 0;
  while (taken < limits.max_records) {
    if (ahead.empty()) {
      auto message = inputs_->Poll(source, Duration{});
      if (!message) return tl::unexpected<Error>(std::move(message.error()));
      if (!*message) break;
      ahead.push_back(ToRecord(input, std::move(**message)));
    }
    if (taken > 0 && bytes + ahead.front().payload.size() > limits.max_bytes) break;
    bytes += ahead.front().payload.size();
    records->push_back(std::move(ahead.front()));
    ahead.pop_front();
    ++taken;
  }
  return taken;
}

std::optional<uint64_t> PartitionTerm::InputsWaiting() const {
  if (!inputs_) return std::nullopt;
  uint64_t waiting = 0;
  for (size_t source = 0; source < std::size(ahead_); ++source) {
    const auto unread = inputs_->Waiting(source);
    if (!unread) return std::nullopt;
    waiting += *unread + ahead_[source].records.size();
  }
  return waiting;
}

void PartitionTerm::SetWakeup(std::function<void()> wakeup) {
  const std::lock_guard lock(mutex_);
  wakeup_ = std::move(wakeup);
}

void PartitionTerm::Wake() {
  const std::lock_guard lock(mutex_);
  if (wakeup_) wakeup_();
}

void PartitionTerm::Commit(CommitBatch batch, CommitDone done) {
  CHECK(batch.first_sequence == end_);
  end_ += batch.records.size();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pending_.size() < kCommitsInFlightMax || stopping_; });
    if (!fenced_) {
      Pending pending{std::move(batch), {}};
      pending.done.push_back(std::move(done));
      pending_.push_back(std::move(pending));
      lock.unlock();
      changed_.notify_all();
      return;
    }
  }
  done(Err(ErrorCode::kFenced, "the term of partition {} has ended", partition_));
}

void PartitionTerm::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return !pending_.empty() || stopping_; });
    if (pending_.empty()) return;
    Pending pending = TakePending();
    busy_ = true;
    std::optional<Error> failed = failed_;
    lock.unlock();
    Result<void> outcome =
        failed ? Result<void>(tl::unexpected<Error>(*failed)) : Transact(pending.batch);
    const InputOffsets decided = pending.batch.decided;
    const bool durable = outcome.has_value();
    if (!durable && !failed) {
      failed = outcome.error();
      // Before the runner hears of it and asks whether it may open the next term.
      if (failed->code == ErrorCode::kFenced && core_.membership) {
        core_.membership->Fenced(partition_);
      }
    }
    for (const CommitDone& done : pending.done) done(outcome);
    if (durable) DeleteDecided(decided);
    lock.lock();
    failed_ = failed;
    busy_ = false;
    if (wakeup_) wakeup_();
    changed_.notify_all();
  }
}

// What waits is one transaction: between two of them the broker takes its time, however small they
// are.
PartitionTerm::Pending PartitionTerm::TakePending() {
  Pending taken = std::move(pending_.front());
  pending_.pop_front();
  while (!pending_.empty() && FitsTogether(taken.batch, pending_.front().batch)) {
    AppendBatch(taken.batch, std::move(pending_.front().batch));
    for (CommitDone& done : pending_.front().done) taken.done.push_back(std::move(done));
    pending_.pop_front();
  }
  return taken;
}

Result<void> PartitionTerm::Transact(const CommitBatch& batch) {
  if (batch.records.empty() && batch.follow_ups.empty() && batch.dead_letters.empty()) return {};
  if (auto written = transactions_->Write(batch); !written) return written;
  return Archive(batch);
}

Result<void> PartitionTerm::Archive(const CommitBatch& batch) {
  if (batch.records.empty()) return {};
  const uint64_t next_offset = transactions_->next_offset();
  if (!std::exchange(opened_, true)) {
    uint64_t read = 0;
    uint64_t archived = 0;
    {
      const std::lock_guard lock(core_.slots[partition_]->mutex);
      archived = core_.slots[partition_]->archived;
      read = core_.slots[partition_]->events_offset;
    }
    if (next_offset != read + batch.records.size()) {
      // Markers of settled transactions, or a record of somebody else's: the topic says, once the
      // markers of this one are written.
      const uint64_t end = batch.first_sequence + batch.records.size();
      for (int waited_ms = 0; archived < end; waited_ms += kMarkersStepMs) {
        if (waited_ms > 0) {
          std::this_thread::sleep_for(std::chrono::milliseconds(kMarkersStepMs));
        }
        if (auto caught_up = core_.CatchUp(partition_, /*settled=*/false); !caught_up) {
          return caught_up;
        }
        if (waited_ms * 1000 > kRequestTimeout.us) break;
        const std::lock_guard lock(core_.slots[partition_]->mutex);
        archived = core_.slots[partition_]->archived;
      }
      bool ours = false;
      auto looked = core_.archive->ReadEvents(partition_, batch.first_sequence,
                                              [&](uint64_t, std::string_view record) {
                                                ours = record == batch.records.front();
                                                return false;
                                              });
      if (!looked) return looked;
      if (ours) return {};
      return Err(ErrorCode::kFenced, "another wrote to partition {} before this term began",
                 partition_);
    }
  }
  {
    const std::lock_guard lock(core_.slots[partition_]->mutex);
    if (next_offset < core_.slots[partition_]->events_offset + batch.records.size()) {
      core_.Suspect();
      return Err(ErrorCode::kCorruption,
                 "I12: partition {} of the events topic gave out offset {}, {} had been read: the "
                 "topic was made anew",
                 partition_, next_offset - 1, core_.slots[partition_]->events_offset);
    }
  }
  return core_.Archive(partition_, batch.first_sequence, batch.records,
                       transactions_->term_number(), next_offset);
}

void PartitionTerm::DeleteDecided(const InputOffsets& decided) {
  // The term's first commit says where it began: whoever had the partition deleted up to there.
  if (!deleted_) deleted_ = decided;
  const auto advance = [&](const std::string& topic, uint64_t& deleted, uint64_t now) {
    if (now < deleted + kDeleteStride) return;
    // Only room is gained by it: a broker that cannot now is asked again a stride later.
    if (core_.admin->DeleteRecords(topic, partition_, now)) deleted = now;
  };
  advance(core_.names.commands, deleted_->commands, decided.commands);
  advance(core_.names.internal, deleted_->internal, decided.internal);
}

}  // namespace sluice::kafka
