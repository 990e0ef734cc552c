#pragma once

#include <map>
#include <memory>
#include <string>

#include "providers/local/location_lease.h"
#include "providers/local/process_host.h"
#include "providers/local/reporter.h"
#include "providers/local/reports.h"

namespace sluice::local {

// By this name locations say that it is us who serve them.
inline constexpr char kProvider[] = "local";

// Serves one location: holds its lease, tells what is true of its processes, carries out what is
// pending. Single-threaded.
//
// A session goes on with what runs while the node is away. Lease and facts go before actions: see
// LocationLease.
class LocationSession {
 public:
  // `holder` names this data directory for ever, `session_id` this run of the provider.
  LocationSession(std::string location, std::string holder, std::string session_id,
                  NodeClient& node, Scheduler& scheduler, ProcessHost& host);
  ~LocationSession();

  // The location as the node shows it: a lease that went to somebody else ends what runs here, one
  // that came free is asked for.
  void OnLocation(const LocationObject& location) { lease_.OnLocation(location); }

  // A change of one of this location's processes.
  void OnStatus(const ProcessStatus& status);

  bool serving() const { return lease_.serving(); }
  uint64_t term() const { return lease_.term(); }

 private:
  struct Pending {
    Action action;
    bool current = false;  // Told since the watch began.
    uint64_t number = 0;   // Tells one request from the next of the same words.
  };

  void Lose(const std::string& holder);
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
  const std::string session_id_;
  NodeClient& node_;
  Scheduler& scheduler_;
  ProcessHost& host_;

  std::map<std::string, Pending> pending_;  // By entity and verb.
  uint64_t last_action_ = 0;
  std::map<std::string, std::map<std::string, Report>> told_;  // By entity, command type.

  Reporter reporter_;
  std::unique_ptr<NodeWatch> watch_;
  std::map<std::string, std::unique_ptr<ScopedTimer>> retries_;  // Of actions, by entity and verb.
  LocationLease lease_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For answers that come too late.
};

}  // namespace sluice::local
