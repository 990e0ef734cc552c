// Membership: this node in the cluster's consumer group, which hands out partitions and nothing
// else. Who owns a partition is told by the log; the group only says who is to try (design §6).
//
// Partitions move one by one (cooperative-sticky): one that is revoked is handed on when its term
// is closed, the others go on. A node that was fenced opens no term before the group has assigned
// the partition anew, or before a session time-out has passed in which the group did not take it
// away; then with back-off. Threadsafe.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/journal/kafka/kafka_core.h"

namespace sluice::kafka {

class Membership {
 public:
  static Result<std::unique_ptr<Membership>> Join(KafkaJournal::Core& core,
                                                  const std::string& address);
  // Leaves the group; every term must be closed.
  ~Membership();

  // The group says that the partition is this node's, and no fence stands against it.
  bool MayOpen(uint32_t partition) const;
  // Another owner was seen: the broker refused this node's writes.
  void Fenced(uint32_t partition);
  // The group's members as they were a moment ago.
  std::vector<NodeInfo> Nodes() const;
  // What stands against deciding or following `partition`; empty: nothing, another node has it.
  std::string Fault(uint32_t partition) const;

 private:
  struct Held {
    bool assigned = false;
    bool fenced = false;
    Duration wait = {};      // left of a fence
    Duration back_off = {};  // on top of the session time-out, of the next fence
  };

  explicit Membership(KafkaJournal::Core& core);
  void Run();
  // Asks the brokers from time to time who is in the group.
  void Watch();
  void Assigned(const std::vector<uint32_t>& partitions);
  void Revoked(const std::vector<uint32_t>& partitions);
  void Lost(const std::vector<uint32_t>& partitions);
  // Time in which the group could have taken a fenced partition away, and did not.
  void Passed(Duration time);

  KafkaJournal::Core& core_;
  Duration session_timeout_;
  mutable std::mutex mutex_;
  std::vector<Held> held_;       // guarded by mutex_
  bool joined_ = false;          // guarded by mutex_
  std::string trouble_;          // guarded by mutex_; what the brokers said last
  std::vector<NodeInfo> nodes_;  // guarded by mutex_
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<GroupMember> member_;  // of the thread
  std::thread thread_;
  std::mutex watch_mutex_;
  std::condition_variable watch_ended_;
  std::thread watcher_;
};

}  // namespace sluice::kafka
