// EventsTail: reads what other nodes commit into this node's archive, so that its projections of
// partitions it does not own stay warm. One thread and one client for all of them.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "engine/journal/kafka/kafka_core.h"

namespace sluice::kafka {

class EventsTail {
 public:
  explicit EventsTail(KafkaJournal::Core& core);
  ~EventsTail();

  // Which partitions have an open term here has changed. Threadsafe, quick.
  void Refresh();

 private:
  void Run();
  // Begins to read what no term of this node writes.
  Result<void> Assign();
  // What is there of one source, into the archive; false: nothing.
  Result<bool> Take(size_t source);
  void SetFault(uint32_t partition, const std::string& fault);
  // Nothing was met for a while: what may pass, has.
  void ClearPassed();

  KafkaJournal::Core& core_;
  std::unique_ptr<Reader> reader_;    // of the thread
  std::vector<uint32_t> partitions_;  // of the thread; by source
  // Of the thread: partitions whose fault is one that may pass, a right that is missing, say. Of
  // such the client tells once, and not when it is over.
  std::set<uint32_t> passing_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool refresh_ = true;    // guarded by mutex_
  bool ready_ = false;     // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace sluice::kafka
