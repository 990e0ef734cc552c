// A region that is not there: servers that are built, rebuilt, switched and deleted in their own
// time, as a region's API does it, and that fail when they are told to.
//
// Single-threaded. Time comes from the scheduler; what is random (how long a step takes) comes from
// the seed and the server, so a run is repeated by its seed. resourceVersions rise over the whole
// region.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "providers/local/scheduler.h"
#include "providers/region/faults.h"

namespace sluice::region {

using local::Micros;
using local::Scheduler;
using local::ScopedTimer;

struct RegionOptions {
  std::string name = "r1";
  uint64_t seed = 1;
  Micros step_time{1'000'000};  // of one step, on average: half of it to one and a half
};

struct ServerRequest {
  std::string flavor = {};
  std::string image = {};
  std::string user_data = {};
  std::string ssh_certificate_authority = {};
  std::map<std::string, std::string> tags = {};

  bool operator==(const ServerRequest&) const = default;
};

struct SimulatedServer {
  std::string id;        // unique in the region; the name of its entity
  std::string location;  // `namespace/name`
  ServerRequest request;
  std::string uid;  // of the CreateServer it answers; empty for one that nobody of us made
  uint32_t attempt = 0;
  std::string phase;
  std::string power;
  std::string health;
  std::string private_ip;
  std::string public_ip;
  std::string mac;
  uint64_t resource_version = 0;
  bool rebuild_failed = false;
  std::string next_image;           // while it is rebuilt
  uint64_t rebuild_generation = 0;  // of the RebuildServer that the last one was begun for
  uint64_t asked_generation = 0;    // of one that asked for the same while it was under way
  bool reboots = false;             // it is switched off to be switched on
  bool gone = false;                // kept until that was told

  std::string entity() const {
    return "server/" + location.substr(0, location.find('/')) + "/" + id;
  }
};

class SimulatedRegion {
 public:
  using Listener = std::function<void(const SimulatedServer&)>;

  SimulatedRegion(RegionOptions options, Scheduler& scheduler);

  // Called after every change of a server; never from inside a call that changes one.
  void SetListener(Listener listener) { listener_ = std::move(listener); }
  Faults& faults() { return faults_; }
  const RegionOptions& options() const { return options_; }

  // ---- The API ----
  // The server made for (uid, attempt) if there is one already. kUnavailable when a fault strikes.
  Result<std::string> Create(const std::string& location, const ServerRequest& request,
                             const std::string& uid, uint32_t attempt);
  // Those below do nothing for a server that does not exist, or is on its way there.
  void Delete(const std::string& id);
  void Rebuild(const std::string& id, const std::string& image, uint64_t generation = 0);
  void Update(const std::string& id, std::map<std::string, std::string> tags);
  void Start(const std::string& id);
  void Stop(const std::string& id);
  void Reboot(const std::string& id);
  // A report of what has not changed, under a new resourceVersion.
  void Touch(const std::string& id);
  const SimulatedServer* Find(const std::string& id) const;
  std::vector<SimulatedServer> List(const std::string& location) const;

  // ---- What befalls a server ----
  void Vanish(const std::string& id);
  void SetTag(const std::string& id, const std::string& key, const std::string& value);
  void StripTag(const std::string& id, const std::string& key);
  void SetPhase(const std::string& id, const std::string& phase);
  void SetPower(const std::string& id, const std::string& power);
  void SetHealth(const std::string& id, const std::string& health);

  // The node knows that it is gone: its name is forgotten.
  void Forget(const std::string& id) { servers_.erase(id); }

  // All servers as JSON, and back; what was under way goes on.
  std::string Save() const;
  Result<void> Load(const std::string& json);

 private:
  struct Entry {
    SimulatedServer server;
    std::unique_ptr<ScopedTimer> timer;
  };

  SimulatedServer* Live(const std::string& id);
  void Changed(SimulatedServer& server);
  void ScheduleNext(const std::string& id);
  void Proceed(const std::string& id);
  void FinishBuild(SimulatedServer& server);
  void FinishRebuild(SimulatedServer& server);
  uint64_t Draw(const std::string& what, uint64_t number) const;

  const RegionOptions options_;
  Scheduler& scheduler_;
  Faults faults_;
  Listener listener_;
  uint64_t version_ = 0;
  uint64_t made_ = 0;
  std::map<std::string, Entry> servers_;
};

}  // namespace sluice::region
