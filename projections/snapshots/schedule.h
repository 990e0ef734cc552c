// When snapshots are taken without being asked for, and how many stay.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "projections/snapshots/snapshots.h"

namespace sluice {

struct SnapshotPolicy {
  uint64_t every_decisions = 0;  // over all partitions; 0: however many
  Duration interval{};           // 0: however long. Nothing is taken where nothing was decided
  size_t keep = 0;               // 0: all stay
  bool IsSet() const { return every_decisions > 0 || interval > Duration{}; }
};

// Whether one is due, after the one taken at `taken_at` of `taken`.
bool IsSnapshotDue(const SnapshotPolicy& policy, const Coverage& taken, Time taken_at,
                   const Coverage& applied, Time now);

// Looks every second, on a thread of its own, until it is destroyed.
class SnapshotSchedule {
 public:
  // All of them outlive it.
  SnapshotSchedule(Snapshots& snapshots, SnapshotPolicy policy, std::function<Coverage()> applied,
                   std::function<Time()> now, std::function<void(const std::string&)> on_notice);
  ~SnapshotSchedule();

 private:
  void Run();
  void TakeOne(Time now);

  Snapshots& snapshots_;
  const SnapshotPolicy policy_;
  const std::function<Coverage()> applied_;
  const std::function<Time()> now_;
  const std::function<void(const std::string&)> on_notice_;
  Coverage taken_;
  Time taken_at_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;     // last: it uses what stands above
};

}  // namespace sluice
