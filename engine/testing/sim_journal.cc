#include "engine/testing/sim_journal.h"

#include <algorithm>

namespace sluice::testing {

class SimJournal::Term final : public PartitionJournal {
 public:
  Term(SimJournal& journal, uint32_t partition, uint64_t id)
      : journal_(journal), partition_(partition), id_(id), end_(log().records.size()) {}

  uint64_t EndSequence() const override { return end_; }

  Result<void> ReadEvents(uint64_t from, const RecordVisitor& visitor) override {
    return journal_.ReadEvents(partition_, from, visitor);
  }

  Result<void> StartInputs(InputOffsets next) override {
    if (next.internal > log().next_internal) {
      return Err(ErrorCode::kCorruption, "internal offset {} is past the input", next.internal);
    }
    next_ = next;
    started_ = true;
    return {};
  }

  Result<size_t> Poll(Input input, const PollLimits& limits,
                      std::vector<InputRecord>* records) override {
    if (Fenced() && !journal_.options_.ended_terms_poll) {
      return Err(ErrorCode::kFenced, "the term has ended");
    }
    CHECK(started_);
    size_t taken = 0;
    if (input == Input::kCommands && journal_.options_.keeps_commands) {
      for (const InputRecord& command : log().commands) {
        if (taken == limits.max_records) break;
        if (command.offset < next_.commands) continue;
        records->push_back(command);
        next_.commands = command.offset + 1;
        ++taken;
      }
      return taken;
    }
    if (input == Input::kCommands) {
      if (Fenced()) return 0;  // the queue is the next owner's
      while (taken < limits.max_records && !log().commands.empty()) {
        records->push_back(std::move(log().commands.front()));
        log().commands.pop_front();
        records->back().input = input;
        records->back().offset = next_.commands++;
        ++taken;
      }
      return taken;
    }
    for (const Internal& internal : log().internal) {
      if (taken == limits.max_records) break;
      if (internal.offset < next_.internal) continue;
      InputRecord record;
      record.input = Input::kInternal;
      record.offset = internal.offset;
      record.timestamp = internal.timestamp;
      record.payload = internal.payload;
      records->push_back(std::move(record));
      next_.internal = internal.offset + 1;
      ++taken;
    }
    return taken;
  }

  std::optional<uint64_t> InputsWaiting() const override {
    if (!started_ || Fenced()) return 0;
    const auto counted = [](const auto& records, uint64_t next) {
      return static_cast<uint64_t>(
          std::count_if(records.begin(), records.end(),
                        [&](const auto& record) { return record.offset >= next; }));
    };
    const auto& log = journal_.logs_[partition_];
    const uint64_t commands = journal_.options_.keeps_commands
                                  ? counted(log.commands, next_.commands)
                                  : log.commands.size();
    return commands + counted(log.internal, next_.internal);
  }

  void SetWakeup(std::function<void()> wakeup) override { log().wakeup = std::move(wakeup); }

  // More than one may become durable between two steps of a processor.
  size_t CommitsWanted() const override { return 4; }

  void Commit(CommitBatch batch, CommitDone done) override {
    CHECK(batch.first_sequence == end_);
    end_ += batch.records.size();
    if (Fenced()) {
      done(Err(ErrorCode::kFenced, "the term has ended"));
      return;
    }
    journal_.pending_.push_back({partition_, id_, std::move(batch), std::move(done)});
  }

 private:
  Log& log() { return journal_.logs_[partition_]; }
  bool Fenced() const { return journal_.logs_[partition_].term_id != id_; }

  SimJournal& journal_;
  uint32_t partition_;
  uint64_t id_;
  uint64_t end_;
  InputOffsets next_;
  bool started_ = false;
};

SimJournal::SimJournal(uint32_t partitions, const Clock& clock, SimJournalOptions options)
    : clock_(clock), options_(options), logs_(partitions) {}

SimJournal::~SimJournal() = default;

Result<std::unique_ptr<PartitionJournal>> SimJournal::OpenPartition(uint32_t partition) {
  // What the term before has handed in is settled first.
  std::vector<Pending> settled;
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (at->partition == partition) {
      settled.push_back(std::move(*at));
      at = pending_.erase(at);
    } else {
      ++at;
    }
  }
  const size_t durable = settle ? settle(settled.size()) : settled.size();
  for (size_t i = 0; i < settled.size(); ++i) {
    if (i < durable) {
      MakeDurable(settled[i]);
      settled[i].done({});
    } else {
      settled[i].done(Err(ErrorCode::kFenced, "the term has ended"));
    }
  }
  Log& log = logs_[partition];
  ++log.term_id;
  return std::make_unique<Term>(*this, partition, log.term_id);
}

Result<void> SimJournal::Append(uint32_t partition, InputRecord record) {
  Log& log = logs_[partition];
  record.timestamp = clock_.Now();
  record.input = Input::kCommands;
  record.offset = log.next_command++;
  log.commands.push_back(std::move(record));
  if (log.wakeup) log.wakeup();
  return {};
}

Result<void> SimJournal::ReadEvents(uint32_t partition, uint64_t from,
                                    const RecordVisitor& visitor) const {
  const auto& records = logs_[partition].records;
  for (uint64_t sequence = from; sequence < records.size(); ++sequence) {
    if (!visitor(sequence, records[sequence])) break;
  }
  return {};
}

Result<uint64_t> SimJournal::EndSequence(uint32_t partition) const {
  return logs_[partition].records.size();
}

Result<void> SimJournal::ReadDeadLetters(uint32_t partition, uint64_t from,
                                         const DeadLetterVisitor& visitor) const {
  for (const auto& [number, letter] : logs_[partition].dead_letters) {
    if (number >= from && !visitor(letter)) break;
  }
  return {};
}

Result<void> SimJournal::RemoveDeadLetter(uint32_t partition, uint64_t number) {
  if (logs_[partition].dead_letters.erase(number) == 0) {
    return Err(ErrorCode::kNotFound, "no dead letter {}", number);
  }
  return {};
}

void SimJournal::MakeDurable(Pending& pending) {
  Log& log = logs_[pending.partition];
  CHECK(pending.batch.first_sequence == log.records.size());
  for (Bytes& record : pending.batch.records) log.records.push_back(std::move(record));
  for (FollowUpRecord& follow_up : pending.batch.follow_ups) {
    Log& target = logs_[follow_up.target_partition];
    target.internal.push_back({target.next_internal++, clock_.Now(), std::move(follow_up.payload)});
  }
  for (DeadLetter& letter : pending.batch.dead_letters) {
    letter.number = log.next_dead_letter++;
    log.dead_letters.emplace(letter.number, std::move(letter));
  }
  log.decided = pending.batch.decided;
  while (!log.internal.empty() && log.internal.front().offset < log.decided.internal) {
    log.internal.pop_front();
  }
  if (!options_.keeps_commands) return;
  while (!log.commands.empty() && log.commands.front().offset < log.decided.commands) {
    log.commands.pop_front();
  }
}

std::optional<SimJournal::Pending> SimJournal::TakeFirstOf(uint32_t partition) {
  const auto first = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& pending) {
    return pending.partition == partition;
  });
  if (first == pending_.end()) return std::nullopt;
  Pending taken = std::move(*first);
  pending_.erase(first);
  return taken;
}

bool SimJournal::CompleteOneOf(uint32_t partition) {
  std::optional<Pending> pending = TakeFirstOf(partition);
  if (!pending) return false;
  MakeDurable(*pending);
  pending->done({});
  return true;
}

bool SimJournal::PersistOneOf(uint32_t partition) {
  std::optional<Pending> pending = TakeFirstOf(partition);
  if (pending) MakeDurable(*pending);
  return pending.has_value();
}

void SimJournal::RepeatInternal(uint32_t partition, size_t index) {
  Log& log = logs_[partition];
  Internal again = log.internal[index];
  again.offset = log.next_internal++;
  log.internal.push_back(std::move(again));
}

bool SimJournal::CompleteOne() {
  if (pending_.empty()) return false;
  Pending pending = std::move(pending_.front());
  pending_.pop_front();
  MakeDurable(pending);
  pending.done({});
  return true;
}

void SimJournal::FailPending(uint32_t partition, bool durable_all_the_same) {
  bool first = true;
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (at->partition != partition) {
      ++at;
      continue;
    }
    Pending pending = std::move(*at);
    at = pending_.erase(at);
    if (first && durable_all_the_same) MakeDurable(pending);
    first = false;
    pending.done(Err(ErrorCode::kIo, "the outcome of the commit is unknown"));
  }
  ++logs_[partition].term_id;
}

void SimJournal::Crash(size_t durable) {
  for (size_t i = 0; i < durable && !pending_.empty(); ++i) {
    MakeDurable(pending_.front());
    pending_.pop_front();
  }
  pending_.clear();
  for (Log& log : logs_) {
    if (!options_.keeps_commands) log.commands.clear();
    log.wakeup = nullptr;
    ++log.term_id;
  }
}

}  // namespace sluice::testing
