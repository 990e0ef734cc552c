#pragma once

#include <map>
#include <memory>
#include <string>

#include "providers/local/node_client.h"
#include "providers/local/node_objects.h"
#include "providers/local/process_host.h"
#include "providers/local/reporter.h"
#include "providers/local/reports.h"

namespace sluice::local {

// By this name locations say that it is us who serve them.
inline constexpr char kProvider[] = "local";

// Serves one location: holds its lease, tells what is true of its processes, carries out what is
// pending. Single-threaded.
//
// The order of a beginning is what makes it safe: lease, then all facts, then, when every fact has
// been decided, the pending actions. So an action that is pending then is not one that was carried
// out before the provider went down. A session goes on with what runs while the node is away.
class LocationSession {
 public:
  // `holder` names this data directory for ever, `session_id` this run of the provider.
  LocationSession(std::string location, std::string holder, std::string session_id,
                  NodeClient& node, Scheduler& scheduler, ProcessHost& host);
  ~LocationSession();

  // The location as the node shows it: a lease that went to somebody else ends what runs here, one
  // that came free is asked for.
  void OnLocation(const LocationObject& location);

  // A change of one of this location's processes.
  void OnStatus(const ProcessStatus& status);

  bool serving() const { return phase_ == Phase::kServing; }
  uint64_t term() const { return term_; }

 private:
  enum class Phase : uint8_t {
    kAcquiring,  // Asks for the lease. Left when it is granted or somebody else's.
    kReporting,  // Has it, tells the facts. Left when all were decided.
    kServing,    // Carries out actions. Left when the lease is somebody else's.
    kLost,       // Somebody else has it. Left when it is free again.
  };
  struct Pending {
    Action action;
    bool current = false;  // Told since the watch began.
    uint64_t number = 0;   // Tells one request from the next of the same words.
  };

  void Acquire();
  void Acquired(const Result<CommandAnswer>& answer);
  bool HeldByAnother() const;
  void Lose();
  void ReportAll();
  void Watch();
  void OnAction(const NodeEvent& event);
  void DropStale();

  void CheckAndCarryOut(const Action& action);
  void EndDecided(const InstanceId& id, uint64_t run, const CommandAnswer& answer);
  void CarryOut(const Action& action, const std::string& object);
  void TellAgain(const Action& action);
  void CarryOutGone(const Action& action);
  void Run(const Action& action, const std::string& object);
  void End(const Action& action);
  void TryAgain(const Action& action);
  bool IsPending(const Action& action) const;

  void Tell(const std::string& entity, const Report& report, Reporter::Answered answered = {});
  void TellFact(const ProcessStatus& status, const Report& report,
                Reporter::Answered answered = {});
  void TellStatus(const ProcessStatus& status);

  const std::string location_;
  const std::string holder_;
  const std::string session_id_;
  NodeClient& node_;
  Scheduler& scheduler_;
  ProcessHost& host_;

  Phase phase_ = Phase::kAcquiring;
  uint64_t term_ = 0;
  uint64_t last_command_ = 0;
  size_t facts_open_ = 0;                   // While kReporting.
  uint32_t failures_ = 0;                   // In a row, of Acquire and Watch.
  bool refused_ = false;                    // The latest wish for the lease was.
  LocationObject seen_;                     // As the node showed it last.
  bool shown_ = false;                      // The node has shown the lease of term_ as ours.
  std::map<std::string, Pending> pending_;  // By entity and verb.
  uint64_t last_action_ = 0;
  std::map<std::string, std::map<std::string, Report>> told_;  // By entity, command type.

  Reporter reporter_;
  std::unique_ptr<NodeWatch> watch_;
  ScopedTimer again_;
  std::map<std::string, std::unique_ptr<ScopedTimer>> retries_;  // Of actions, by entity and verb.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);   // For answers that come too late.
};

}  // namespace sluice::local
