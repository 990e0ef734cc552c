#include "engine/journal/committer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/prompt_thread.h"

namespace sluice::journal {
namespace {

// A group larger than this would delay the first of its callers more than it saves.
constexpr size_t kGroupBytesMax = size_t{16} << 20;

size_t BatchBytes(const CommitBatch& batch) {
  size_t bytes = 0;
  for (const Bytes& record : batch.records) bytes += record.size();
  for (const FollowUpRecord& follow_up : batch.follow_ups) bytes += follow_up.payload.size();
  for (const DeadLetter& letter : batch.dead_letters) bytes += letter.payload.size();
  return bytes;
}

// Records of one partition on their way into one value.
class PendingValue {
 public:
  // Takes `records`, the first of which has the sequence `first`.
  void Add(std::vector<Bytes>& records, uint64_t first, StoreBatch& writes, uint32_t partition) {
    size_t bytes = 0;
    for (const Bytes& record : records) bytes += record.size();
    if (bytes_ + bytes > kValueBytesMax) Write(writes, partition);
    if (records_.empty()) first_ = first;
    bytes_ += bytes;
    records_.insert(records_.end(), std::make_move_iterator(records.begin()),
                    std::make_move_iterator(records.end()));
  }
  void Write(StoreBatch& writes, uint32_t partition) {
    if (!records_.empty()) writes.AddRecords(partition, first_, records_);
    records_.clear();
    bytes_ = 0;
  }

 private:
  uint64_t first_ = 0;
  size_t bytes_ = 0;
  std::vector<Bytes> records_;
};

}  // namespace

Committer::Committer(LogStore& store, const EmbeddedOptions& options,
                     std::vector<PartitionTail> tails, Deliver deliver, Wake wake)
    : store_(store),
      options_(options),
      deliver_(std::move(deliver)),
      wake_(std::move(wake)),
      tails_(std::move(tails)),
      terms_(tails_.size()) {
  for (const PartitionTail& tail : tails_) committed_ends_.push_back(tail.end_sequence);
  thread_ = std::thread([this] {
    BecomePromptThread("journal");
    Run();
  });
}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& term : terms_) CHECK(term == nullptr);
    stopping_ = true;
  }
  submitted_.notify_one();
  thread_.join();
}

std::shared_ptr<Term> Committer::BeginTerm(uint32_t partition) {
  std::unique_lock lock(mutex_);
  // Another may begin one while this one waits, so what is open is looked at again.
  while (std::shared_ptr<Term> before = terms_.at(partition)) {
    before->ended = true;
    settled_.wait(lock, [&] { return before->commits_in_flight == 0; });
    if (terms_[partition] == before) terms_[partition] = nullptr;
  }
  return terms_[partition] = std::make_shared<Term>(partition);
}

void Committer::EndTerm(Term& term) {
  std::unique_lock lock(mutex_);
  term.ended = true;
  settled_.wait(lock, [&] { return term.commits_in_flight == 0; });
  if (terms_[term.partition].get() == &term) terms_[term.partition] = nullptr;
}

void Committer::Submit(std::shared_ptr<Term> term, CommitBatch batch, CommitDone done) {
  for (const FollowUpRecord& follow_up : batch.follow_ups) {
    CHECK(follow_up.target_partition < tails_.size());
  }
  {
    std::unique_lock lock(mutex_);
    settled_.wait(lock,
                  [&] { return term->commits_in_flight < PartitionJournal::kCommitsInFlightMax; });
    ++term->commits_in_flight;
    const bool fenced = term->ended;
    waiting_.push_back({std::move(term), fenced, std::move(batch), std::move(done)});
  }
  submitted_.notify_one();
}

uint64_t Committer::EndSequence(uint32_t partition) const {
  const std::lock_guard lock(mutex_);
  return committed_ends_.at(partition);
}

std::optional<Error> Committer::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Committer::Fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = error;
    failed_.store(true, std::memory_order_release);
  }
  options_.on_fatal(error);
}

void Committer::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    submitted_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::vector<Request> group = TakeGroup();
    const std::optional<Error> failed_before = failure_;
    lock.unlock();
    std::vector<std::vector<InputRecord>> internal_by_target(tails_.size());
    std::vector<bool> to_wake(tails_.size(), false);
    Result<void> written;
    if (failed_before) {
      written = tl::unexpected(*failed_before);
    } else {
      written = WriteGroup(group, &internal_by_target);
    }
    if (!written) {
      Fail(written.error());
    } else {
      for (uint32_t target = 0; target < internal_by_target.size(); ++target) {
        if (internal_by_target[target].empty()) continue;
        deliver_(target, std::move(internal_by_target[target]));
        to_wake[target] = true;
      }
    }
    for (const Request& request : group) to_wake[request.term->partition] = true;
    Settle(group, written, to_wake);
    group.clear();
    lock.lock();
  }
}

std::vector<Committer::Request> Committer::TakeGroup() {
  std::vector<Request> group;
  size_t bytes = 0;
  while (!waiting_.empty()) {
    bytes += BatchBytes(waiting_.front().batch);
    if (!group.empty() && bytes > kGroupBytesMax) break;
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return group;
}

Result<void> Committer::WriteGroup(std::vector<Request>& group,
                                   std::vector<std::vector<InputRecord>>* internal_by_target) {
  StoreBatch writes(store_);
  const Time now = options_.clock->Now();
  std::vector<bool> counted(tails_.size(), false);
  std::vector<PendingValue> events(tails_.size());
  for (Request& request : group) {
    if (request.fenced) continue;
    const uint32_t source = request.term->partition;
    CommitBatch& batch = request.batch;
    PartitionTail& tail = tails_[source];
    CHECK(batch.first_sequence == tail.end_sequence);
    CHECK(batch.decided.internal <= tail.counters.next_internal_offset);
    events[source].Add(batch.records, tail.end_sequence, writes, source);
    tail.end_sequence += batch.records.size();
    if (tail.first_internal < batch.decided.internal) {
      writes.RemoveInternal(source, tail.first_internal, batch.decided.internal);
      tail.first_internal = batch.decided.internal;
    }
    for (DeadLetter& letter : batch.dead_letters) {
      letter.number = tail.counters.next_dead_letter++;
      writes.AddDeadLetter(source, letter);
      counted[source] = true;
    }
    for (FollowUpRecord& follow_up : batch.follow_ups) {
      const uint32_t target = follow_up.target_partition;
      InputRecord record;
      record.input = Input::kInternal;
      record.offset = tails_[target].counters.next_internal_offset++;
      record.timestamp = now;
      record.payload = std::move(follow_up.payload);
      writes.AddInternal(target, record.offset, record.timestamp, record.payload);
      (*internal_by_target)[target].push_back(std::move(record));
      counted[target] = true;
    }
  }
  for (uint32_t p = 0; p < counted.size(); ++p) {
    events[p].Write(writes, p);
    if (counted[p]) writes.SetCounters(p, tails_[p].counters);
  }
  if (writes.empty()) return {};
  return store_.Write(writes);
}

void Committer::Settle(std::vector<Request>& group, const Result<void>& written,
                       const std::vector<bool>& to_wake) {
  if (written) {
    const std::lock_guard lock(mutex_);
    for (uint32_t p = 0; p < tails_.size(); ++p) committed_ends_[p] = tails_[p].end_sequence;
  }
  for (Request& request : group) {
    Result<void> outcome = written;
    if (request.fenced) {
      outcome = Err(ErrorCode::kFenced, "partition {} was opened by another term",
                    request.term->partition);
    }
    request.done(std::move(outcome));
  }
  // Only now: who wakes up finds all of its commits done, and makes one batch of them.
  for (uint32_t p = 0; p < to_wake.size(); ++p) {
    if (to_wake[p]) wake_(p);
  }
  {
    const std::lock_guard lock(mutex_);
    for (const Request& request : group) --request.term->commits_in_flight;
  }
  settled_.notify_all();
}

}  // namespace sluice::journal
