// What a Kafka journal and its partitions share. Private to the folder.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/journal/kafka/kafka_deliverer.h"
#include "engine/journal/kafka/kafka_journal.h"
#include "engine/journal/kafka/kafka_records.h"
#include "engine/journal/kafka/kafka_topics.h"
#include "engine/journal/log_store.h"

namespace sluice {

namespace kafka {

// Bound of one request to the broker. Longer than a leader election, shorter than a user's
// patience.
inline constexpr Duration kRequestTimeout = Duration::Seconds(30);

class EventsTail;
class Membership;
class PartitionTerm;
class TopicGuard;

}  // namespace kafka

struct KafkaJournal::Core {
  KafkaOptions options;
  kafka::TopicNames names;
  uint32_t partitions = 0;
  Hash128 epoch;
  std::string process_id;           // tells this process's tickets from another's
  std::atomic<bool> hurry = false;  // the process is to end; before the clients, which look at it
  std::unique_ptr<kafka::Admin> admin;
  std::unique_ptr<journal::LogStore> archive;

  struct Slot {
    mutable std::mutex mutex;              // of everything here
    uint64_t archived = 0;                 // next sequence
    uint64_t term_number = 0;              // the latest archived
    uint64_t events_offset = 0;            // of the events topic, where reading goes on
    kafka::PartitionTerm* term = nullptr;  // the open one
    int terms = 0;                         // open, opening or closing
    std::condition_variable closed;        // terms became 0
    std::function<void()> follower;        // the runner's wake-up
    std::string fault;                     // why the events cannot be followed
  };
  std::vector<std::unique_ptr<Slot>> slots;
  // While joined.
  std::unique_ptr<kafka::TopicGuard> guard;
  std::unique_ptr<kafka::EventsTail> tail;
  std::unique_ptr<kafka::Membership> membership;

  explicit Core(KafkaOptions given);
  ~Core();

  // What every client has, `ours`, and over it what the user's properties say.
  kafka::Config ClientConfig(kafka::Config ours = {}) const;
  // Of a member of the group. A transaction lives no longer than its time-out (design §6).
  int SessionTimeoutMs() const;
  // A bound that a property sets, in `unit`s; SIZE_MAX where it is not given, or 0.
  size_t BoundOf(const std::string& name, size_t unit = 1) const;
  // How long a commit may take. By then the group has given the partition to another.
  Duration CommitTimeout() const;
  // A client holds at most `queued_bytes` of what it has fetched, and a record more.
  kafka::Config ReaderConfig(int64_t queued_bytes = kQueuedBytesMax) const;
  kafka::Config ReaderToTheEndConfig() const;
  // Of one owned partition: all of a node's stay within kInputsBytesMax.
  kafka::Config InputsConfig() const;
  // Of users' commands, and of marks among the dead letters.
  Result<kafka::Deliverer*> Commands();
  // What keeps them from being taken; empty: nothing that is known.
  std::string CommandsFault();
  // Under which ticket the record is sent, and who is told when its offset is known.
  void SetTicket(kafka::Deliverer::Record& record, uint64_t ticket) const;
  // To the dead letters of a partition; durable when it returns.
  Result<void> Mark(uint32_t partition, kafka::Headers headers);
  // Something was met that the topics, were they those this process opened, would not hold.
  void Suspect();
  // Reads the events topic from where the archive stands to its last stable offset. `settled`: no
  // transaction is open, so an end below the archive's is a loss.
  Result<void> CatchUp(uint32_t partition, bool settled);
  // Appends records that are committed; those the archive has already are skipped. `next_offset`:
  // of the events topic, behind the last of them.
  Result<void> Archive(uint32_t partition, uint64_t first, const std::vector<Bytes>& records,
                       uint64_t term, uint64_t next_offset);
  // Wakes who follows the partition.
  void Notify(uint32_t partition) const;
  // Counts a term that is being opened, until it is gone.
  std::shared_ptr<void> CountTerm(uint32_t partition);
  Result<void> CheckPartition(uint32_t partition) const;

  static constexpr int64_t kQueuedBytesMax = int64_t{64} << 20;
  static constexpr int64_t kInputsBytesMax = int64_t{256} << 20;

 private:
  std::mutex commands_mutex_;
  std::unique_ptr<kafka::Deliverer> commands_;  // guarded by commands_mutex_; made once
};

}  // namespace sluice
