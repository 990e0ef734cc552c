// TopicGuard: looks every two seconds whether the brokers answer and whether the four topics are
// still those this process opened, every ten whether their settings still keep what is promised.
// What passes is a fault that readiness tells; what no waiting can heal (a topic deleted, made
// anew, given more partitions) is told to `on_fatal`.
//
// librdkafka 2.0 does not tell a topic's id. A topic made anew is known by another epoch, or by
// ending before what was read of it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "engine/journal/kafka/kafka_core.h"

namespace sluice::kafka {

class TopicGuard {
 public:
  explicit TopicGuard(KafkaJournal::Core& core);
  ~TopicGuard();

  // A reader met what these topics would not hold: the next look goes deeper. Threadsafe, quick.
  void Suspect();
  // What stands against using the topics at this moment; empty: nothing. Threadsafe.
  std::string Fault() const;

 private:
  void Run();
  // kUnavailable: it may pass. kCorruption: the log is another one, or gone.
  Result<void> Look(bool deeper);
  Result<void> CheckCounts();
  Result<void> CheckSettings();
  Result<void> CheckIdentity();

  KafkaJournal::Core& core_;
  int absent_looks_ = 0;       // of the thread
  int looks_to_settings_ = 0;  // of the thread; so many come before these are looked at
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string fault_;       // guarded by mutex_
  bool suspected_ = false;  // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  std::thread thread_;
};

}  // namespace sluice::kafka
