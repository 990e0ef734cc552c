// ObservedPartition: what the simulator knows of a partition from its durable records alone.
//
// Kept apart from the engine's own partition state and marks, by rules written down a second time;
// only machines (evolve) are shared with what is under test.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "machines/clusterconfig/settings.h"
#include "machines/common/kind.h"
#include "machines/common/testing/map_items.h"

namespace sluice::simulator {

struct ObservedEntity {
  // How it was after the decision at `sequence`.
  struct Moment {
    uint64_t sequence = 0;
    Hash128 hash;
    uint64_t version = 0;
  };

  EntityKey key;
  const KindInfo* kind = nullptr;
  std::unique_ptr<testing::MapItems> items;
  std::unique_ptr<EntityState> state;
  bool quarantined = false;
  std::deque<std::pair<uint64_t, Command>> parked;  // with the sequence that parked it
  std::vector<Moment> moments;                      // ascending
  std::map<std::string, uint64_t> told;             // by who is watched: version last told
  std::string uid;                                  // as last shown, and the generation with it
  int64_t generation = 0;

  bool SetAside() const { return quarantined || !parked.empty(); }
};

// What an accepted command of a user left behind under its id.
struct AcceptedCommand {
  AnyTable payload;
  std::optional<uint64_t> expected_version;
  uint64_t sequence = 0;
  Time time;
  bool awaits_reply = false;
};

struct ObservedPartition {
  uint32_t partition = 0;
  uint64_t term = 0;
  uint64_t next_sequence = 0;
  std::vector<Hash128> chain;    // hash of each record
  uint64_t next_offset[4] = {};  // by Input
  Time time;                     // of the last decision
  ClusterConfigSpec settings;
  int64_t settings_generation = 0;
  std::map<std::string, ObservedEntity, std::less<>> entities;
  std::map<std::pair<std::string, std::string>, AcceptedCommand> accepted;  // (entity, id)
  std::set<std::tuple<Time, std::string, std::string>> timers;              // (due, entity, id)
  uint64_t dead_letters = 0;
  // How often: verdicts, and events by type.
  std::map<std::string, uint64_t, std::less<>> seen;
  // Per sequence, whose decision it is; empty: nobody's.
  std::vector<std::string> entity_at;
};

}  // namespace sluice::simulator
