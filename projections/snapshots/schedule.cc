#include "projections/snapshots/schedule.h"

#include <chrono>

namespace sluice {

bool IsSnapshotDue(const SnapshotPolicy& policy, const Coverage& taken, Time taken_at,
                   const Coverage& applied, Time now) {
  uint64_t decisions = 0;
  for (size_t i = 0; i < applied.size(); ++i) {
    const uint64_t before = i < taken.size() ? taken[i] : 0;
    // A log that was put in the place of another may be shorter.
    decisions += applied[i] > before ? applied[i] - before : 0;
  }
  if (decisions == 0) return false;
  if (policy.every_decisions > 0 && decisions >= policy.every_decisions) return true;
  return policy.interval > Duration{} && now - taken_at >= policy.interval;
}

SnapshotSchedule::SnapshotSchedule(Snapshots& snapshots, SnapshotPolicy policy,
                                   std::function<Coverage()> applied, std::function<Time()> now,
                                   std::function<void(const std::string&)> on_notice)
    : snapshots_(snapshots),
      policy_(policy),
      applied_(std::move(applied)),
      now_(std::move(now)),
      on_notice_(std::move(on_notice)),
      taken_at_(now_()) {
  for (const SnapshotEntry& entry : snapshots_.List()) {
    if (!entry.fault.empty()) continue;
    taken_ = entry.manifest->coverage();
    taken_at_ = entry.manifest->time;
  }
  thread_ = std::thread([this] { Run(); });
}

SnapshotSchedule::~SnapshotSchedule() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void SnapshotSchedule::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; })) {
    lock.unlock();
    const Time now = now_();
    if (IsSnapshotDue(policy_, taken_, taken_at_, applied_(), now)) TakeOne(now);
    lock.lock();
  }
}

void SnapshotSchedule::TakeOne(Time now) {
  // Also where it fails: it is tried again when it is due again.
  taken_ = applied_();
  taken_at_ = now;
  const auto taken = snapshots_.Take();
  if (!taken) {
    if (on_notice_) on_notice_("no snapshot was taken: " + taken.error().message);
    return;
  }
  taken_ = taken->coverage();
  if (policy_.keep == 0) return;
  const auto pruned = snapshots_.Prune(policy_.keep);
  if (!pruned && on_notice_) on_notice_("snapshots are not pruned: " + pruned.error().message);
}

}  // namespace sluice
