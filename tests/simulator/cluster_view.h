// ClusterView: every entity as the durable logs have it, for users, providers and checks of planes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/log_observer.h"

namespace sluice::simulator {

class ClusterView {
 public:
  explicit ClusterView(const std::vector<LogObserver>& partitions) : partitions_(partitions) {}

  // Null: nobody ever decided anything for it.
  const EntityState* Find(std::string_view entity) const {
    for (const LogObserver& partition : partitions_) {
      if (const ObservedEntity* found = partition.Find(entity)) return found->state.get();
    }
    return nullptr;
  }
  template <class State>
  const State* As(std::string_view entity) const {
    return static_cast<const State*>(Find(entity));
  }
  uint64_t VersionOf(std::string_view entity) const {
    const EntityState* state = Find(entity);
    return state ? state->version : 0;
  }
  // Those that exist now.
  std::vector<std::string> Keys(std::string_view kind) const {
    std::vector<std::string> keys;
    const std::string from = std::string(kind) + "/";
    for (const LogObserver& partition : partitions_) {
      const auto& entities = partition.observed().entities;
      for (auto at = entities.lower_bound(from);
           at != entities.end() && at->first.starts_with(from); ++at) {
        if (at->second.state->Exists()) keys.push_back(at->first);
      }
    }
    return keys;
  }

 private:
  const std::vector<LogObserver>& partitions_;
};

}  // namespace sluice::simulator
