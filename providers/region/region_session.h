// Serves one location with a simulated region: holds its lease, reports its servers, carries out
// what is pending. Single-threaded.
//
// As with the local provider, the order of a beginning makes it safe: lease, then all facts, then,
// when every fact has been decided, the pending actions. Servers belong to the region: a session
// that loses its lease stops acting and reporting, and ends nothing.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "providers/local/node_client.h"
#include "providers/local/node_objects.h"
#include "providers/local/reporter.h"
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
  void OnLocation(const LocationObject& location);
  // A server of this location changed.
  void OnServer(const SimulatedServer& server);

  bool serving() const { return phase_ == Phase::kServing; }
  uint64_t term() const { return term_; }

 private:
  enum class Phase : uint8_t {
    kAcquiring,  // Asks for the lease. Left when it is granted or somebody else's.
    kReporting,  // Has it, tells the facts. Left when all were decided.
    kServing,    // Carries out actions. Left when the lease is somebody else's.
    kLost,       // Somebody else has it. Left when it is free again.
  };

  void Acquire();
  void Acquired(const Result<CommandAnswer>& answer);
  bool HeldByAnother() const;
  void Lose();
  void ReportAll();
  void Report(const SimulatedServer& server, local::Reporter::Answered answered);
  void Tell(const std::string& entity, const std::string& command, const std::string& payload,
            local::Reporter::Answered answered);

  // region_actions.cc
  void Watch();
  void OnAction(const NodeEvent& event);
  bool IsPending(const Action& action) const;
  void CheckAndCarryOut(const Action& action);
  void CarryOut(const Action& action, const std::string& object);
  void CarryOutOnServer(const Action& action, const std::string& id, const std::string& object);
  void Create(const Action& action, const std::string& object);
  void Delete(const Action& action, const std::string& object);
  void DeletionsAgain();
  void TellInstance(const Action& action, const char* command, bool holds, const char* reason,
                    const std::string& message);

  const std::string location_;
  const std::string holder_;
  const std::string session_id_;
  NodeClient& node_;
  SimulatedRegion& region_;

  Phase phase_ = Phase::kAcquiring;
  uint64_t term_ = 0;
  uint64_t last_command_ = 0;
  size_t facts_open_ = 0;  // While kReporting.
  uint32_t failures_ = 0;  // In a row, of Acquire and Watch.
  bool refused_ = false;   // The latest wish for the lease was.
  LocationObject seen_;    // As the node showed it last.
  bool shown_ = false;     // The node has shown the lease of term_ as ours.
  struct Pending {
    Action action;
    bool current = false;  // Told since the watch began.
  };
  std::map<std::string, Pending> pending_;  // By entity and verb.

  local::Reporter reporter_;
  std::unique_ptr<local::NodeWatch> watch_;
  ScopedTimer again_;
  ScopedTimer actions_again_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For answers that come too late.
};

}  // namespace sluice::region
