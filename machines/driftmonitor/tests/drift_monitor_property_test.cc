// Random reports, specs and silence: the phase is what the last report says of the last spec, and
// drifts are counted once each.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "machines/common/testing/pick.h"
#include "machines/common/testing/world.h"
#include "machines/driftmonitor/driftmonitor.h"

namespace sluice {
namespace {

using testing::Below;
using testing::Chance;
using testing::OneOf;
using testing::World;
using Phase = DriftMonitorPhase;

constexpr char kEntity[] = "driftmonitor/default/shop-us";

// Told anew from the page.
struct Oracle {
  std::string wanted, observed;
  bool differs = false, healthy = true, synced_once = false, drifted = false, silent = false;
  int drifts = 0;

  void Judge() {
    const bool as_wanted = observed == wanted && !differs;
    if (as_wanted && (synced_once || healthy)) {
      synced_once = true;
      drifted = false;
    } else if (synced_once && !drifted) {
      drifted = true;
      ++drifts;
    }
  }
  Phase phase() const {
    if (silent) return Phase::kUnknown;
    if (observed.empty()) return Phase::kPending;
    if (!synced_once) return Phase::kProgressing;
    return drifted ? Phase::kDrifted : Phase::kSynced;
  }
};

DriftMonitorApply Wanting(const std::string& revision) {
  DriftMonitorApply apply;
  apply.spec.pull_request = "acme--shop--42";
  apply.spec.cluster = "us";
  apply.spec.revision = revision;
  apply.spec.interval = Duration::Minutes(1);
  apply.spec.deadline = Duration::Minutes(5);
  return apply;
}

RC_GTEST_PROP(DriftMonitorProperty, SaysWhatTheLastReportSaysOfTheLastSpec, ()) {
  static const std::vector<std::string> kRevisions = {"r1", "r2"};
  World world(BuiltinKinds());
  world.deliver = false;
  Oracle oracle;
  oracle.wanted = "r1";
  world.Send(kEntity, Wanting("r1"));
  Time heard = world.now();
  uint64_t lease = 0;
  const size_t steps = Below(60);
  for (size_t i = 0; i < steps; ++i) {
    const auto& monitor = world.As<DriftMonitor>(kEntity);
    const size_t choice = Below(10);
    if (choice == 0) {
      const std::string revision = OneOf(kRevisions);
      if (revision != oracle.wanted) {
        oracle.wanted = revision;
        if (oracle.observed != revision) oracle.synced_once = oracle.drifted = false;
        if (!oracle.observed.empty() && !oracle.silent) oracle.Judge();
        if (!oracle.silent) heard = world.now();
      }
      world.Send(kEntity, Wanting(revision));
    } else if (choice == 1) {
      world.Advance(Duration::Minutes(1 + static_cast<int64_t>(Below(6))));
      if (world.now() >= heard + Duration::Minutes(5)) oracle.silent = true;
    } else {
      ReportDrift report{.observed_revision = OneOf(kRevisions),
                         .health = Chance(3) ? "Degraded" : "Healthy"};
      if (Chance(3)) report.differences = {{.path = "a.yaml", .want = "1", .got = "2"}};
      // One that lies changes nothing.
      const bool older = lease > 1 && Chance(6);
      const bool another = !older && Chance(6);
      if (!older && Chance(6)) ++lease;
      report.lease_term = older ? lease - 1 : lease;
      report.uid = another ? "somebody" : monitor.metadata.uid;
      const uint64_t version = monitor.version;
      const Decision decision = world.Send(kEntity, report);
      if (older || another) {
        if (another && report.lease_term == lease) lease = monitor.own.lease_term;
        RC_ASSERT(decision.verdict == Verdict::kIgnored);
        RC_ASSERT(world.State(kEntity).version == version);
        continue;
      }
      heard = world.now();
      oracle.silent = false;
      oracle.observed = report.observed_revision;
      oracle.differs = !report.differences.empty();
      oracle.healthy = report.health == "Healthy";
      oracle.Judge();
    }
    const auto& now = world.As<DriftMonitor>(kEntity);
    RC_LOG() << world.Json(kEntity) << "\n";
    RC_ASSERT(now.status.phase == oracle.phase());
    RC_ASSERT(now.status.drift_count == oracle.drifts);
    RC_ASSERT(IsTrue(now.status.conditions, "Synced") == (oracle.phase() == Phase::kSynced));
  }
}

}  // namespace
}  // namespace sluice
