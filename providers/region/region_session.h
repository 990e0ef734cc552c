// Serves one location with a simulated region: holds its lease, reports its servers, carries out
// what is pending. Single-threaded.
//
// Lease and facts go before actions (local::LocationLease). Servers belong to the region: a session
// that loses its lease stops acting and reporting, and ends nothing.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "providers/local/location_lease.h"
#include "providers/region/simulated_region.h"

namespace sluice::region {

using local::Action;
using local::CommandAnswer;
using local::LocationObject;
using local::NodeClient;
using local::NodeEvent;

inline constexpr char kProvider[] = "region";
// The tag by which a server names its instance.
inline constexpr char kInstanceTag[] = "compute.unikorn-cloud.org/instance-id";

class RegionSession {
 public:
  // `holder` names the region for ever, `session_id` this run of the program.
  RegionSession(std::string location, std::string holder, std::string session_id, NodeClient& node,
                Scheduler& scheduler, SimulatedRegion& region);
  ~RegionSession();

  // The location as the node shows it.
  void OnLocation(const LocationObject& location) { lease_.OnLocation(location); }
  // A server of this location changed.
  void OnServer(const SimulatedServer& server);

  bool serving() const { return lease_.serving(); }
  uint64_t term() const { return lease_.term(); }

 private:
  void Lose(const std::string& holder);
  void ReportAll();
  void Report(const SimulatedServer& server, local::Reporter::Answered answered);
  void Tell(const std::string& entity, const std::string& command, const std::string& payload,
            local::Reporter::Answered answered);

  // region_actions.cc
  void Watch();
  void OnAction(const NodeEvent& event);
  bool IsPending(const Action& action) const;
  void CheckAndCarryOut(const Action& action);
  void TryLater(const Action& action);
  void CarryOut(const Action& action, const std::string& object);
  void CarryOutOnServer(const Action& action, const std::string& id, const std::string& object);
  void Create(const Action& action, const std::string& object);
  void Delete(const Action& action, const std::string& object);
  void DeletionsAgain();
  void TellInstance(const Action& action, const char* command, bool holds, const char* reason,
                    const std::string& message);

  const std::string location_;
  NodeClient& node_;
  SimulatedRegion& region_;

  struct Pending {
    Action action;
    bool current = false;  // Told since the watch began.
    bool later = false;    // Could not be carried out yet: tried again.
  };
  std::map<std::string, Pending> pending_;  // By entity and verb.

  local::Reporter reporter_;
  std::unique_ptr<local::NodeWatch> watch_;
  ScopedTimer actions_again_;
  local::LocationLease lease_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For answers that come too late.
};

}  // namespace sluice::region
