#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "events/entity_key.h"
#include "service/client/api.h"

namespace sluice {

struct Action {
  std::string verb;
  std::string target;
  std::string uid;
  uint64_t attempt = 0;
  uint64_t generation = 0;  // Of the entity's spec.
  bool operator==(const Action&) const = default;
};

// All that is pending of one entity, in the order of its machine.
struct PendingWork {
  EntityKey entity;
  std::vector<Action> actions;
  bool operator==(const PendingWork&) const = default;
};

// What is pending for one provider, kept up to date by a thread that watches. Thread-safe.
class PendingActions {
 public:
  // `node` is used by the thread alone, and must outlive this.
  PendingActions(Api& node, std::string location);
  ~PendingActions();

  // Everything that is pending now. Known once a first watch has told it all; until then empty.
  std::vector<PendingWork> All() const;

  // Waits until something changed since the last call, `time` has passed, or `stop` is requested.
  void Wait(Duration time, std::stop_token stop);

 private:
  void Watch(const std::stop_token& stop);
  bool Take(std::string_view line);

  Api& node_;
  const std::string location_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, PendingWork> works_;  // guarded by mutex_; by entity
  std::map<std::string, PendingWork> fresh_;  // of the watch that has not told all yet
  bool told_all_ = false;
  bool dirty_ = false;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace sluice
