#include "engine/journal/kafka/kafka_tail.h"

#include <chrono>

namespace sluice::kafka {
namespace {

constexpr size_t kRecordsPerWrite = 1000;
// A wake-up that is missed costs no more than this.
constexpr std::chrono::milliseconds kIdleMax{100};
constexpr std::chrono::milliseconds kRetry{1000};

}  // namespace

EventsTail::EventsTail(KafkaJournal::Core& core) : core_(core), thread_([this] { Run(); }) {}

EventsTail::~EventsTail() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (reader_) reader_->SetReady(nullptr);
}

void EventsTail::Refresh() {
  {
    const std::lock_guard lock(mutex_);
    refresh_ = true;
  }
  changed_.notify_all();
}

void EventsTail::SetFault(uint32_t partition, const std::string& fault) {
  const std::lock_guard lock(core_.slots[partition]->mutex);
  core_.slots[partition]->fault = fault;
}

Result<void> EventsTail::Assign() {
  // A client of its own each time: one whose partitions change drops what it has fetched at a
  // moment of its own.
  partitions_.clear();
  if (reader_) reader_->SetReady(nullptr);
  auto reader = Reader::Make(core_.ReaderConfig(), &core_.hurry);
  if (!reader) return tl::unexpected<Error>(std::move(reader.error()));
  reader_ = std::move(*reader);
  reader_->SetReady([this] {
    {
      const std::lock_guard lock(mutex_);
      ready_ = true;
    }
    changed_.notify_all();
  });
  std::vector<Reader::Source> sources;
  for (uint32_t partition = 0; partition < core_.partitions; ++partition) {
    auto& slot = *core_.slots[partition];
    const std::lock_guard lock(slot.mutex);
    if (slot.terms > 0) continue;
    sources.push_back({core_.names.events, partition, slot.events_offset});
    partitions_.push_back(partition);
  }
  return reader_->Assign(sources);
}

void EventsTail::ClearPassed() {
  for (const uint32_t partition : std::exchange(passing_, {})) {
    SetFault(partition, "");
    core_.Notify(partition);
  }
}

Result<bool> EventsTail::Take(size_t source) {
  const uint32_t partition = partitions_[source];
  auto& slot = *core_.slots[partition];
  uint64_t next = 0;
  uint64_t term = 0;
  {
    const std::lock_guard lock(slot.mutex);
    next = slot.archived;
    term = slot.term_number;
  }
  EventsRun run(partition, next, term);
  uint64_t offset = 0;
  for (size_t taken = 0; taken < kRecordsPerWrite; ++taken) {
    auto message = reader_->Poll(source, Duration{});
    if (!message) return tl::unexpected<Error>(std::move(message.error()));
    if (!*message) break;
    offset = static_cast<uint64_t>((*message)->offset) + 1;
    if (auto added = run.Add(std::move(**message)); !added) {
      return tl::unexpected<Error>(std::move(added.error()));
    }
  }
  if (offset == 0) return false;
  auto archived = core_.Archive(partition, run.first(), run.records(), run.term(), offset);
  if (!archived) return tl::unexpected<Error>(std::move(archived.error()));
  passing_.erase(partition);
  SetFault(partition, "");
  core_.Notify(partition);
  return true;
}

void EventsTail::Run() {
  std::unique_lock lock(mutex_);
  using Clock = std::chrono::steady_clock;
  auto retry_at = Clock::time_point::max();
  bool met = false;  // an error, since reading began
  while (!stopping_) {
    const bool due = Clock::now() >= retry_at;
    const bool retry = due && met;
    const bool assign = std::exchange(refresh_, false) || retry;
    ready_ = false;
    lock.unlock();
    if (due) retry_at = Clock::time_point::max();
    if (due && !met) ClearPassed();
    // After an error reading begins again at what is archived.
    if (assign) {
      met = !Assign();
      if (met || !passing_.empty()) retry_at = Clock::now() + kRetry;
    }
    bool any = false;
    for (size_t source = 0; source < partitions_.size(); ++source) {
      const Result<bool> taken = Take(source);
      if (taken) {
        any = any || *taken;
        continue;
      }
      met = true;
      const bool may_pass = taken.error().code == ErrorCode::kUnavailable;
      if (may_pass) passing_.insert(partitions_[source]);
      SetFault(partitions_[source], taken.error().message);
      core_.Suspect();
      core_.Notify(partitions_[source]);
      retry_at = Clock::now() + kRetry;
    }
    lock.lock();
    if (!any) {
      changed_.wait_for(lock, kIdleMax, [&] { return ready_ || refresh_ || stopping_; });
    }
  }
}

}  // namespace sluice::kafka
