#include "engine/journal/partition_inputs.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::journal {
namespace {

// What a queued record holds on to, roughly.
size_t HeldBytes(const InputRecord& record) {
  size_t bytes = sizeof(InputRecord) + record.payload.size();
  for (const auto& [name, value] : record.headers) bytes += 64 + name.size() + value.size();
  return bytes;
}

}  // namespace

void PartitionInputs::Queue::Push(InputRecord record) {
  bytes += HeldBytes(record);
  records.push_back(std::move(record));
}

size_t PartitionInputs::Queue::Take(const PollLimits& limits, std::vector<InputRecord>* out) {
  size_t count = 0;
  size_t payload_bytes = 0;
  while (count < limits.max_records && !records.empty()) {
    payload_bytes += records.front().payload.size();
    if (count > 0 && payload_bytes > limits.max_bytes) break;
    bytes -= HeldBytes(records.front());
    out->push_back(std::move(records.front()));
    records.pop_front();
    ++count;
  }
  return count;
}

PartitionInputs::PartitionInputs(const LogStore& store, const EmbeddedOptions& options,
                                 uint32_t partition, uint64_t internal_end)
    : store_(store), options_(options), partition_(partition), internal_end_(internal_end) {}

void PartitionInputs::Enter(const Term* term) {
  const std::lock_guard wakeup_lock(wakeup_mutex_);
  const std::lock_guard lock(mutex_);
  Replace(term);
}

void PartitionInputs::Leave(const Term* term) {
  // In one step with the look: the next term may be entering.
  const std::lock_guard wakeup_lock(wakeup_mutex_);
  const std::lock_guard lock(mutex_);
  if (term_ == term) Replace(nullptr);
}

void PartitionInputs::Replace(const Term* term) {
  term_ = term;
  started_ = false;
  internal_ = {};
  wakeup_ = nullptr;
}

void PartitionInputs::SetWakeup(const Term* term, std::function<void()> wakeup) {
  const std::lock_guard wakeup_lock(wakeup_mutex_);
  const std::lock_guard lock(mutex_);
  if (term_ == term) wakeup_ = std::move(wakeup);
}

void PartitionInputs::Wake() {
  const std::lock_guard lock(wakeup_mutex_);
  if (wakeup_) wakeup_();
}

Result<void> PartitionInputs::AppendCommand(InputRecord record) {
  {
    const std::lock_guard lock(mutex_);
    const size_t bytes = commands_.bytes + HeldBytes(record);
    if (commands_.records.size() >= options_.command_records_max ||
        bytes > options_.command_bytes_max) {
      return Err(ErrorCode::kUnavailable,
                 "partition {}: {} commands ({} bytes) are waiting; try again", partition_,
                 commands_.records.size(), commands_.bytes);
    }
    record.input = Input::kCommands;
    record.timestamp = options_.clock->Now();
    commands_.Push(std::move(record));
  }
  Wake();
  return {};
}

void PartitionInputs::AppendInternal(std::vector<InputRecord> records) {
  const std::lock_guard lock(mutex_);
  for (InputRecord& record : records) {
    CHECK(record.offset == internal_end_);
    const bool follows = started_ && next_internal_ + internal_.records.size() == internal_end_;
    ++internal_end_;
    // One left to the store is followed by all after it, until a poll has caught up.
    if (follows && internal_.records.size() < options_.internal_records_max &&
        internal_.bytes < options_.internal_bytes_max) {
      internal_.Push(std::move(record));
    }
  }
}

Result<void> PartitionInputs::Start(const Term* term, InputOffsets next) {
  const std::lock_guard lock(mutex_);
  if (auto current = CheckTerm(term); !current) return current;
  if (started_) return Err(ErrorCode::kInvalid, "partition {}: inputs are started", partition_);
  if (next.internal > internal_end_) {
    return Err(ErrorCode::kCorruption,
               "partition {}: internal records up to {} are decided, but the journal ends at {}: "
               "the input was replaced",
               partition_, next.internal, internal_end_);
  }
  const auto first = store_.FirstInternal(partition_);
  if (!first) return tl::unexpected(first.error());
  // Records below the first one stored were decided by commits that left no event behind.
  next_internal_ = std::max(next.internal, first->value_or(internal_end_));
  next_command_ = next.commands;
  started_ = true;
  return {};
}

Result<size_t> PartitionInputs::Poll(const Term* term, Input input, const PollLimits& limits,
                                     std::vector<InputRecord>* records) {
  switch (input) {
    case Input::kCommands: {
      const std::lock_guard lock(mutex_);
      if (auto current = CheckTerm(term); !current) return tl::unexpected(current.error());
      return PollCommands(limits, records);
    }
    case Input::kInternal:
      return PollInternal(term, limits, records);
    case Input::kTimers:
    case Input::kParked:
      return Err(ErrorCode::kInvalid, "a journal holds no records of input {}",
                 static_cast<int>(input));
  }
  Unreachable();
}

uint64_t PartitionInputs::Waiting(const Term* term) const {
  const std::lock_guard lock(mutex_);
  if (term_ != term || !started_) return 0;
  return commands_.records.size() + (internal_end_ - next_internal_);
}

Result<void> PartitionInputs::CheckTerm(const Term* term) const {
  if (term_ != term) {
    return Err(ErrorCode::kFenced, "partition {} was opened by another term", partition_);
  }
  return {};
}

Result<size_t> PartitionInputs::PollCommands(const PollLimits& limits,
                                             std::vector<InputRecord>* records) {
  if (!started_) return Err(ErrorCode::kInvalid, "partition {}: not started", partition_);
  const size_t before = records->size();
  const size_t count = commands_.Take(limits, records);
  for (size_t i = before; i < records->size(); ++i) (*records)[i].offset = next_command_++;
  return count;
}

Result<size_t> PartitionInputs::PollInternal(const Term* term, const PollLimits& limits,
                                             std::vector<InputRecord>* records) {
  uint64_t from = 0;
  uint64_t end = 0;
  {
    const std::lock_guard lock(mutex_);
    if (auto current = CheckTerm(term); !current) return tl::unexpected(current.error());
    if (!started_) return Err(ErrorCode::kInvalid, "partition {}: not started", partition_);
    if (!internal_.records.empty() || next_internal_ == internal_end_) {
      if (!internal_.records.empty()) CHECK(internal_.records.front().offset == next_internal_);
      const size_t count = internal_.Take(limits, records);
      next_internal_ += count;
      return count;
    }
    from = next_internal_;
    end = internal_end_;
  }
  // Memory stays empty meanwhile (invariant 1), and appending need not wait for the store.
  const size_t before = records->size();
  const auto read = store_.ReadInternal(partition_, from, end, limits, records);
  if (!read) return read;
  const std::lock_guard lock(mutex_);
  if (auto current = CheckTerm(term); !current) {
    records->resize(before);
    return tl::unexpected(current.error());
  }
  next_internal_ = from + *read;
  return read;
}

}  // namespace sluice::journal
