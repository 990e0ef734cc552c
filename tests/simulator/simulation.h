// Simulation: one cluster, its users and its bad luck, from one seed.
//
// Processor, journal contract, stores and time are driven by hand, so a seed is one run, to the
// bit. Faults come step by step, everything is checked after every step; at the end the faults
// stop and everything has to come to rest. README.md says what is injected and what is checked.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulator/findings.h"
#include "tests/simulator/fleet.h"
#include "tests/simulator/log_observer.h"
#include "tests/simulator/plane_checks.h"
#include "tests/simulator/provider.h"
#include "tests/simulator/random.h"
#include "tests/simulator/store_checks.h"
#include "tests/simulator/trace.h"
#include "tests/simulator/workload.h"

namespace sluice::simulator {

// The kinds of this build and the engine's test kind.
const KindRegistry& SimulatedKinds();

class Simulation {
 public:
  explicit Simulation(uint64_t seed);
  ~Simulation();

  // Runs to the end or to the first finding; empty: nothing was found.
  std::string Run();

  uint64_t seed() const { return seed_; }
  const Trace& trace() const { return trace_; }
  // What happened, for a look at whether anything did.
  struct Totals {
    uint64_t steps = 0;
    uint64_t records = 0;
    uint64_t follow_ups = 0;
    uint64_t answers = 0;
    uint64_t actions = 0;
    uint64_t fenced = 0;                                // terms of zombies
    std::map<std::string, uint64_t, std::less<>> seen;  // verdicts and events
    void Add(const Totals& other);
  };
  Totals totals() const;

 private:
  enum class Event : uint8_t {
    kSend,
    kStep,
    kComplete,
    kOpen,
    kTakeOver,
    kClose,
    kAdvance,
    kLeap,
    kJump,
    kFlush,
    kLoseStore,
    kWipeStore,
    kFailStore,
    kFailCommit,
    kCrashNode,
    kCrashAll,
    kRepeatFollowUp,
    kAct,
    kReport,
    kCount,
  };

  static FleetOptions OptionsOf(Random& random);
  void ChooseWeights();
  void OneEvent();
  void Happen(Event event);
  void Send(UserRecord record);
  void SendReport();
  void OpenSomewhere();
  void CrashEverything();
  void OnAnswered(uint64_t ticket, const LogRecord& record);
  // After every step.
  void CheckAll();

  // The end: no more faults.
  void Settle();
  void RunToRest();
  void ReleaseAll();
  // Users mend what they applied, providers do all there is to do, time passes.
  void Mend();
  void ProvideAll();
  void SendAtTheEnd(Command command);
  // All that users made is deleted; nothing may be left of it.
  void TakeDown();
  void CheckAtRest();
  void CheckReplay();

  uint32_t AnyNode() { return static_cast<uint32_t>(random_.Below(fleet_.nodes())); }
  uint32_t AnyPartition() { return static_cast<uint32_t>(random_.Below(fleet_.partitions())); }

  uint64_t seed_;
  Random random_;
  Findings findings_;
  Trace trace_;
  Fleet fleet_;
  FollowUpLedger ledger_;
  std::vector<LogObserver> observers_;
  ClusterView view_{observers_};
  PlaneChecks planes_{view_, findings_};
  std::vector<StoreChecks> store_checks_;  // per node and partition
  Workload workload_;
  SimulatedProvider provider_;
  std::vector<uint32_t> weights_;
  std::map<uint64_t, UserRecord> waiting_;  // by ticket
  uint64_t next_ticket_ = 1;
  uint64_t answers_ = 0;
  Time latest_;  // that any clock showed
};

}  // namespace sluice::simulator
