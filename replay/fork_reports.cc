#include "replay/fork_reports.h"

#include <algorithm>

#include "events/result.h"
#include "replay/recorded_partition.h"

namespace sluice::replay {
namespace {

std::string UidOf(const Situation& situation) {
  return situation.state == nullptr ? "" : situation.state->metadata_part().uid;
}

}  // namespace

void HeldReports::Hold(HeldReport report, const Situation& here) {
  const std::string entity = report.command.entity;
  Queue& queue = queues_[entity];
  queue.reports.push_back(std::move(report));
  if (!queue.next) Consider(entity, queue, queue.reports.size() - 1, here);
}

void HeldReports::Consider(const std::string& entity, Queue& queue, size_t index,
                           const Situation& here) {
  const HeldReport& report = queue.reports[index];
  const auto later = AskedLater(report.situation, here);
  if (!later) return;
  queue.next = {report.time + std::max(*later, Duration{}), index};
  due_.emplace(queue.next->first, entity);
}

void HeldReports::Reconsider(const std::string& entity, const Situation& here) {
  const auto found = queues_.find(entity);
  if (found == queues_.end()) return;
  Queue& queue = found->second;
  const int64_t generation = here.Exists() ? here.state->metadata_part().generation : 0;
  const std::string uid = here.Exists() ? UidOf(here) : "";
  if (queue.asked == here.asked && queue.generation == generation && queue.uid == uid) return;
  queue.asked = here.asked;
  queue.generation = generation;
  queue.uid = uid;
  if (queue.next) due_.erase({queue.next->first, entity});
  queue.next.reset();
  for (size_t i = 0; i < queue.reports.size() && !queue.next; ++i) {
    Consider(entity, queue, i, here);
  }
}

std::optional<Time> HeldReports::NextDue() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

HeldReport HeldReports::TakeNext() {
  CHECK(!due_.empty());
  const auto found = queues_.find(due_.begin()->second);
  due_.erase(due_.begin());
  Queue& queue = found->second;
  const auto taken = queue.reports.begin() + static_cast<std::ptrdiff_t>(queue.next->second);
  HeldReport report = std::move(*taken);
  queue.reports.erase(taken);
  queue.next.reset();
  queue.generation = -1;
  if (queue.reports.empty()) queues_.erase(found);
  return report;
}

std::vector<HeldReport> HeldReports::TakeRest() {
  std::vector<HeldReport> rest;
  for (auto& [entity, queue] : queues_) {
    for (HeldReport& report : queue.reports) rest.push_back(std::move(report));
  }
  queues_.clear();
  due_.clear();
  std::stable_sort(rest.begin(), rest.end(),
                   [](const HeldReport& a, const HeldReport& b) { return a.time < b.time; });
  return rest;
}

}  // namespace sluice::replay
