// Workload: users of a cluster, some of them careless or hostile. A small set of entities, so that
// collisions are common.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "events/make_command.h"
#include "tests/simulator/cluster_view.h"
#include "tests/simulator/random.h"

namespace sluice::simulator {

struct UserRecord {
  uint32_t partition = 0;
  Bytes payload;
  bool is_json = false;
  // What a reader makes of it; nothing: it cannot be read.
  std::optional<Command> command;
  std::string about;  // for the trace
};

class Workload {
 public:
  // Present version of an entity, for expected versions that may hold.
  using VersionOf = std::function<uint64_t(const std::string& entity)>;
  // Makes up a command of one sort; several sorts make a workload.
  using Maker = std::function<Command(Random&)>;

  Workload(Random& random, uint32_t partitions, VersionOf version_of)
      : random_(random), partitions_(partitions), version_of_(std::move(version_of)) {}

  void Add(uint32_t weight, Maker maker) {
    weights_.push_back(weight);
    makers_.push_back(std::move(maker));
  }

  UserRecord Next();
  // As a record on its partition, or now and then on another's.
  UserRecord Wrap(Command command);

 private:
  Command Fresh();
  UserRecord Unreadable();

  Random& random_;
  uint32_t partitions_;
  VersionOf version_of_;
  std::vector<uint32_t> weights_;
  std::vector<Maker> makers_;
  std::deque<Command> sent_;  // the latest with ids
  uint64_t next_id_ = 1;
};

// `json` is the payload of a command of a built-in kind, under its wire name.
Command MakeJsonCommand(const std::string& entity, std::string_view name, std::string_view json);

// Users of the engine's test kind, of settings, and of what does not exist.
void AddCoreUsers(Workload& workload, Random& random);
// Users of bindings, instances, locations and networks. Keeps `view`.
void AddPlaneUsers(Workload& workload, Random& random, const ClusterView& view);

}  // namespace sluice::simulator
