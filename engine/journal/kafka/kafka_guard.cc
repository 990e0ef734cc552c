#include "engine/journal/kafka/kafka_guard.h"

#include <chrono>

#include "engine/journal/kafka/kafka_epoch.h"

namespace sluice::kafka {
namespace {

constexpr std::chrono::seconds kLookEvery{2};
// A topic that so many looks in a row did not find is gone; brokers that have just started may not
// know it for a moment.
constexpr int kAbsentLooksMax = 5;
constexpr int kLooksPerSettings = 5;

}  // namespace

TopicGuard::TopicGuard(KafkaJournal::Core& core) : core_(core), thread_([this] { Run(); }) {}

TopicGuard::~TopicGuard() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void TopicGuard::Suspect() {
  {
    const std::lock_guard lock(mutex_);
    suspected_ = true;
  }
  changed_.notify_all();
}

std::string TopicGuard::Fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

void TopicGuard::Run() {
  std::unique_lock lock(mutex_);
  bool deeper = false;
  while (!stopping_) {
    changed_.wait_for(lock, kLookEvery, [&] { return stopping_ || suspected_; });
    if (stopping_) return;
    deeper = std::exchange(suspected_, false) || deeper;
    lock.unlock();
    const Result<void> looked = Look(deeper);
    if (!looked && looked.error().code == ErrorCode::kCorruption) {
      if (core_.options.on_fatal) core_.options.on_fatal(looked.error());
    }
    lock.lock();
    if (looked) deeper = false;
    fault_ = looked ? "" : looked.error().message;
    if (!looked && looked.error().code == ErrorCode::kCorruption) return;
    // Who suspects again and again is looked after no more often than this.
    if (deeper) changed_.wait_for(lock, kLookEvery, [&] { return stopping_; });
  }
}

Result<void> TopicGuard::Look(bool deeper) {
  if (auto counted = CheckCounts(); !counted) return counted;
  if (deeper || looks_to_settings_ == 0) {
    // Those that are wrong are looked at each time: whoever mends them is not kept waiting.
    looks_to_settings_ = 0;
    if (auto kept = CheckSettings(); !kept) return kept;
    looks_to_settings_ = kLooksPerSettings;
  }
  --looks_to_settings_;
  return deeper ? CheckIdentity() : Result<void>();
}

Result<void> TopicGuard::CheckCounts() {
  const std::vector<std::string> all = {core_.names.commands, core_.names.internal,
                                        core_.names.events, core_.names.dead_letters};
  const auto counts = core_.admin->PartitionCounts(all);
  if (!counts) return Err(ErrorCode::kUnavailable, "{}", counts.error().message);
  for (const std::string& topic : all) {
    const auto found = counts->find(topic);
    if (found == counts->end()) {
      if (++absent_looks_ < kAbsentLooksMax) {
        Suspect();
        return Err(ErrorCode::kUnavailable, "Kafka topic {} is not there", topic);
      }
      return Err(
          ErrorCode::kCorruption,
          "Kafka topic {} was deleted: what cluster {} had decided is gone from the brokers; "
          "bring back all four topics from a copy, or begin anew under another --cluster",
          topic, core_.options.cluster);
    }
    if (found->second != static_cast<int>(core_.partitions)) {
      return Err(ErrorCode::kCorruption,
                 "Kafka topic {} has {} partitions now, {} when this node started: entities would "
                 "change their partition; make the topic as it was",
                 topic, found->second, core_.partitions);
    }
  }
  absent_looks_ = 0;
  return {};
}

// Whoever changed them can change them back, and nothing is lost by waiting: partitions go on, and
// what does not pass meanwhile is tried again.
Result<void> TopicGuard::CheckSettings() {
  const auto kept = CheckTopics(*core_.admin, core_.names);
  if (!kept) return Err(ErrorCode::kUnavailable, "{}", kept.error().message);
  return {};
}

Result<void> TopicGuard::CheckIdentity() {
  const auto epoch = PeekEpoch(core_);
  if (!epoch && epoch.error().code == ErrorCode::kCorruption) {
    return tl::unexpected<Error>(epoch.error());
  }
  if (!epoch) return Err(ErrorCode::kUnavailable, "{}", epoch.error().message);
  if (!*epoch || **epoch != core_.epoch) {
    return Err(ErrorCode::kCorruption,
               "the topics of cluster {} were deleted and made anew: their epoch is {}, this node "
               "opened {}; start it again to use the new log",
               core_.options.cluster, *epoch ? ToHex(**epoch) : "not written yet",
               ToHex(core_.epoch));
  }
  // The high watermark: the last stable offset may be below what a term of this node has written.
  Config config = core_.ReaderConfig();
  config["isolation.level"] = "read_uncommitted";
  auto reader = Reader::Make(config, &core_.hurry);
  if (!reader) return tl::unexpected<Error>(std::move(reader.error()));
  for (uint32_t partition = 0; partition < core_.partitions; ++partition) {
    uint64_t read = 0;
    {
      const std::lock_guard lock(core_.slots[partition]->mutex);
      read = core_.slots[partition]->events_offset;
    }
    const auto marks = (*reader)->QueryWatermarks(core_.names.events, partition, kRequestTimeout);
    if (!marks) return Err(ErrorCode::kUnavailable, "{}", marks.error().message);
    if (marks->end >= read) continue;
    return EventsCutShort(partition, marks->end, read);
  }
  return {};
}

}  // namespace sluice::kafka
