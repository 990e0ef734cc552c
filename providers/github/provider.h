#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "providers/common/lease.h"
#include "providers/common/pending_actions.h"
#include "providers/github/client.h"
#include "providers/github/pull_request.h"
#include "service/client/api.h"

namespace sluice::github {

// Carries out what is pending for pull requests, and reports. One step after the other, never
// sleeps: the caller asks for a step when NextDue has come or something changed. Single-threaded.
//
// It checks before it acts: the lease and the object at the node, the pull request at GitHub. A
// label action decided on other labels than GitHub shows now is dropped, and what GitHub shows is
// told instead; a merge that was done already is told as such. So repeating any step is safe.
class Provider {
 public:
  Provider(Api& node, Client& client, Lease& lease, std::string session, std::function<Time()> now);

  // What is pending now; the difference to before is what has to be looked at.
  void OnActions(const std::vector<PendingWork>& work);

  // Looks at every pull request whose time has come.
  void Step();

  // When Step has something to do; unset while nothing is pending.
  Time NextDue() const;

 private:
  struct Work {
    PendingWork pending;
    Time due;
    uint32_t failures = 0;  // In a row.
    uint32_t rounds = 0;    // Looked at without the node's actions changing.
  };
  struct Object;

  void Process(Work& work);
  void Fetch(Work& work, const Object& object, const Action& action);
  void ChangeLabels(Work& work, const Object& object);
  bool ChangeLabel(Work& work, const Object& object, const Action& action);
  void MergeIt(Work& work, const Object& object);
  // True when the fault is to be waited out; false when it is to be reported.
  bool Wait(Work& work, const Fault& fault);
  void TellObservation(Work& work, const Object& object, const Observation& seen, bool complete,
                       uint64_t request);
  // False: the node cannot be reached, and the work is tried again later.
  bool Report(Work& work, const Object& object, const std::string& command, std::string payload);
  void Again(Work& work, Duration delay);

  Api& node_;
  Client& client_;
  Lease& lease_;
  const std::string session_;
  const std::function<Time()> now_;
  uint64_t last_command_ = 0;
  std::map<std::string, Work> works_;  // By entity.
};

}  // namespace sluice::github
