// Providers' reports that wait in a fork: for what they answer to be asked for there, too, and then
// for their time, as long after that as in the record.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "events/envelope.gen.h"
#include "projections/resource_version.h"
#include "replay/fork_asked.h"

namespace sluice::replay {

struct HeldReport {
  DecisionPosition position;  // in the record, as the rest
  Time time;
  uint64_t offset = 0;
  Command command;
  Situation situation;  // of its entity
};

// Used by one thread. Of an entity's reports the first that answers what is asked for comes next.
class HeldReports {
 public:
  // `here`: its entity in the fork.
  void Hold(HeldReport report, const Situation& here);
  bool Has(const std::string& entity) const { return queues_.contains(entity); }
  // The entity has become `here`.
  void Reconsider(const std::string& entity, const Situation& here);

  std::optional<Time> NextDue() const;
  // The one that is due next, about the thing that is there in the fork. Its entity is to be
  // reconsidered.
  HeldReport TakeNext();

  // What nothing in the fork has asked for, in the order of the record.
  std::vector<HeldReport> TakeRest();

 private:
  struct Queue {
    std::deque<HeldReport> reports;
    std::optional<std::pair<Time, size_t>> next;  // when, which
    // As the reports were considered last.
    Asked asked;
    int64_t generation = 0;
    std::string uid;
  };
  void Consider(const std::string& entity, Queue& queue, size_t index, const Situation& here);

  std::map<std::string, Queue> queues_;
  std::set<std::pair<Time, std::string>> due_;
};

}  // namespace sluice::replay
