// The lease by which a program serves one location: asked for, used, lost, asked for again.
// Single-threaded.
//
// The order of a beginning is what makes it safe: lease, then all facts, then, when every fact has
// been decided, the pending actions. So an action that is pending then is not one that was carried
// out before the provider went down.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "providers/local/node_client.h"
#include "providers/local/node_objects.h"
#include "providers/local/reporter.h"
#include "providers/local/scheduler.h"

namespace sluice::local {

class LocationLease {
 public:
  enum class Phase : uint8_t {
    kAcquiring,  // Asks for the lease. Left when it is granted or somebody else's.
    kReporting,  // Has it, tells the facts. Left when all were decided.
    kServing,    // Carries out actions. Left when the lease is somebody else's.
    kLost,       // Somebody else has it. Left when it is free again.
  };
  // What its session does: `granted` calls TellFacts; `serve` follows the actions; `lost` ends
  // that.
  struct Hooks {
    std::function<void()> granted;
    std::function<void()> serve;
    std::function<void(const std::string& holder)> lost;
  };
  // Who asks: the provider's name in leases, a name for this installation for ever, and what the
  // ids of this run's commands begin with.
  struct Asker {
    std::string provider;
    std::string holder;
    std::string session;
  };

  LocationLease(std::string location, Asker asker, NodeClient& node, Scheduler& scheduler,
                Hooks hooks);
  ~LocationLease();

  void Acquire();
  // The location as the node shows it: a lease that went to somebody else is lost, one that came
  // free is asked for.
  void OnLocation(const LocationObject& location);

  // `tell` tells every fact, each with what `fact` returns as who hears of its decision.
  using Fact = std::function<Reporter::Answered()>;
  void TellFacts(const std::function<void(const Fact& fact)>& tell);

  // Once the node may be within reach again; Reached says that it is.
  void Again(std::function<void()> what);
  void Reached() { failures_ = 0; }

  bool held() const { return phase_ == Phase::kReporting || phase_ == Phase::kServing; }
  bool serving() const { return phase_ == Phase::kServing; }
  uint64_t term() const { return term_; }
  // Of the next command under this term.
  std::string NextCommandId();

 private:
  void Acquired(const Result<CommandAnswer>& answer);
  bool HeldByAnother() const;
  void Lose();

  const std::string location_;
  const Asker asker_;
  NodeClient& node_;
  const Hooks hooks_;

  Phase phase_ = Phase::kAcquiring;
  uint64_t term_ = 0;
  uint64_t last_command_ = 0;
  size_t facts_open_ = 0;  // While kReporting.
  uint32_t failures_ = 0;  // In a row, of Acquire and of what goes through Again.
  bool refused_ = false;   // The latest wish for the lease was.
  LocationObject seen_;    // As the node showed it last.
  bool shown_ = false;     // The node has shown the lease of term_ as ours.
  ScopedTimer again_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For answers that come too late.
};

}  // namespace sluice::local
