// Random commands and reports, in any order: what must hold of an instance after every decision.
// World checks besides, at each of them, that the fold equals the live state and that only edges of
// the table are taken.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "machines/common/testing/pick.h"
#include "machines/instance/tests/instance_world.h"
#include "machines/network/attachment/attachment.h"

namespace sluice {
namespace {

using testing::Chance;
using testing::Pick;

using testing::InstanceWorld;
using testing::ProcessPayload;
using enum InstancePhase;

constexpr char kWeb[] = "instance/default/web";
constexpr char kHere[] = "location/default/here";

// --- An oracle of phase and Ready, told anew from the page ---------------------------------------

struct Verdicts {
  std::string ready = "False";
  std::string reason;
  std::string message;
};

const ProviderReport* OfNow(const Instance& web, const std::optional<ProviderReport>& report) {
  return report && report->generation == web.metadata->generation ? &*report : nullptr;
}
bool Yes(const ProviderReport* report) {
  return report && report->status == ConditionStatus::kTrue;
}
std::string Default(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

bool Ended(const Instance& web) {
  const auto& stopped = web.own.stopped;
  return stopped && Yes(&*stopped) && (web.own.stop_wanted || OfNow(web, stopped));
}

Verdicts ExpectedReady(const Instance& web) {
  const InstanceOwn& own = web.own;
  if (web.IsDeleting()) return {"False", "Deleting", "Instance is being deleted"};
  if (!own.failure_reason.empty()) return {"False", own.failure_reason, own.failure_message};
  if (web.status.phase == kExpired) {
    return {"False", "Expired", "its lifetime ended: " + web.status.expiry_reason};
  }
  std::string gates;
  for (const auto& gate : web.spec->controller.scheduling_gates) {
    gates += (gates.empty() ? "" : ", ") + gate.name;
  }
  if (!gates.empty()) {
    for (const Attachment& a : own.attachments) {
      if (!a.failure_reason.empty()) return {"False", a.failure_reason, a.failure_message};
    }
    return {"False", "SchedulingGatesPresent", "Scheduling gates present: " + gates};
  }
  const ProviderReport* programmed = OfNow(web, own.programmed);
  if (!Yes(programmed)) {
    if (programmed) {
      return {"False", Default(programmed->reason, "PendingProgramming"), programmed->message};
    }
    const Condition* condition = FindCondition(web.status.conditions, "Programmed");
    if (!IsPendingDefault(*condition)) {
      return {"False", "ProgrammingInProgress",
              fmt::format("programming generation {}", web.metadata->generation)};
    }
    return {"False", "PendingProgramming", "Instance has not been programmed"};
  }
  if (Ended(web)) {
    return {"False", Default(own.stopped->reason, "Stopped"),
            Default(own.stopped->message, "Instance is stopped")};
  }
  if (own.stop_wanted) return {"False", "Stopping", "Instance is stopping"};
  const ProviderReport* running = OfNow(web, own.running);
  if (own.restart_wanted || (own.start_wanted && !running)) {
    return {"False", "Starting", "Instance is starting"};
  }
  if (!Yes(running)) {
    if (running) return {"False", Default(running->reason, "Pending"), running->message};
    return {"False", "Pending", "Instance is not running"};
  }
  const auto& process = web.spec->runtime.process;
  const ProviderReport* probe = OfNow(web, own.readiness);
  if (process && process->readiness && !Yes(probe)) {
    return {"False", "ReadinessProbeFailed",
            probe ? Default(probe->message, "Instance is not ready")
                  : "Instance has not been reported ready"};
  }
  return {"True", "Running", "Instance is ready"};
}

// The first step not yet true, of those that stand in line.
InstancePhase ExpectedStep(const Instance& web) {
  const ProviderReport* running = OfNow(web, web.own.running);
  const bool start_begun = running || web.own.start_wanted || web.own.restart_wanted;
  if (!web.spec->controller.scheduling_gates.empty()) return kGated;
  if (!Yes(OfNow(web, web.own.programmed))) return kProgramming;
  if (!start_begun) return kProgrammed;
  if (!Yes(running) || web.own.restart_wanted) return kStarting;
  const auto& process = web.spec->runtime.process;
  const bool probed = process && process->readiness;
  return probed && !Yes(OfNow(web, web.own.readiness)) ? kRunning : kReady;
}

void CheckPending(const InstanceWorld& world, const Instance& web) {
  const auto pending = world.Pending(kWeb);
  RC_ASSERT(pending.size() <= 1);
  if (pending.empty()) return;
  RC_ASSERT(pending[0].target == kWeb);
  RC_ASSERT(pending[0].location == "default/here");
  RC_ASSERT(pending[0].uid == web.metadata->uid);
  RC_ASSERT(pending[0].generation == web.metadata->generation);
  const bool takes_down = pending[0].verb == "StopInstance" || pending[0].verb == "DeleteInstance";
  // Gates present: nothing is asked of a provider but to take down what it may have.
  if (!web.spec->controller.scheduling_gates.empty()) RC_ASSERT(takes_down);
  RC_ASSERT((pending[0].verb == "DeleteInstance") == web.IsDeleting());
}

void CheckInvariants(const InstanceWorld& world) {
  const Instance& web = world.Get();
  if (!web.Exists()) {
    RC_ASSERT(world.Pending(kWeb).empty());
    RC_ASSERT(web.relations.timers.empty());
    return;
  }
  CheckPending(world, web);
  const Condition& ready = world.ConditionOf("Ready");
  const Verdicts expected = ExpectedReady(web);
  RC_ASSERT(std::string(ToString(ready.status)) == expected.ready);
  RC_ASSERT(ready.reason == expected.reason);
  RC_ASSERT(ready.message == expected.message);
  if (!web.IsDeleting()) RC_ASSERT(web.status.observed_generation == web.metadata->generation);

  const InstancePhase phase = web.status.phase;
  if (phase >= kGated && phase <= kReady) RC_ASSERT(phase == ExpectedStep(web));
  if (phase == kReady) RC_ASSERT(ready.status == ConditionStatus::kTrue);
  if (ready.status == ConditionStatus::kTrue) RC_ASSERT(phase == kReady || phase == kExpiring);
  if (phase == kExpiring) RC_ASSERT(world.now() >= web.status.expires_at);
  if (phase == kFailed) RC_ASSERT(!web.own.failure_reason.empty());
}

// --- Random input
// ---------------------------------------------------------------------------------

std::string AnyReport(const Instance& web) {
  const char* statuses[] = {"True", "True", "True", "False", "Unknown"};
  const char* reasons[] = {"", "BackOff", "ProgrammingInProgress", "Exited"};
  std::string report =
      fmt::format(R"({{"status":"{}","reason":"{}","message":"{}")", statuses[Pick(0, 5)],
                  reasons[Pick(0, 4)], Chance(2) ? "as told" : "");
  if (Chance(2)) {
    report += fmt::format(R"(,"generation":{})",
                          std::max<int64_t>(0, web.metadata->generation - Pick(0, 2)));
  }
  if (Chance(2)) {
    report += fmt::format(R"(,"uid":"{}")", Chance(4) ? "another" : web.metadata->uid);
  }
  if (Chance(2)) report += fmt::format(R"(,"leaseTerm":{})", Pick(0, 4));
  if (Chance(3)) report += R"(,"networkInterfaces":[{"address":"127.64.0.9"}])";
  if (Chance(2)) report += fmt::format(R"(,"pid":{})", Pick(1, 3));
  if (Chance(3)) report += fmt::format(R"(,"exitCode":{},"restarts":{})", Pick(0, 2), Pick(0, 3));
  return report + "}";
}

std::string AnySpec(bool with_network) {
  std::string spec = R"({"spec":{"location":{"name":"here"})";
  if (with_network) spec += R"(,"networkInterfaces":[{"network":{"name":"default"}}])";
  if (Chance(3)) spec += R"(,"controller":{"schedulingGates":[{"name":"Quota"}]})";
  if (Chance(4)) spec += R"(,"ttl":"1h")";
  if (Chance(4)) spec += R"(,"idleTtl":"20m")";
  if (Chance(3)) spec += R"(,"startDeadline":"30s")";
  spec += fmt::format(R"(,"runtime":{{"process":{{"command":["./server","v{}"])", Pick(0, 2));
  if (Chance(2)) spec += R"(,"readiness":{"tcp":{"port":80}})";
  return spec + "}}}}";
}

void SendAny(InstanceWorld& world, bool with_network) {
  const char* reports[] = {"ReportProgrammed", "ReportRunning", "ReportReadiness",
                           "ReportStopped",    "ReportFailed",  "ReportDeleted"};
  const Instance& web = world.Get();
  const int choice = Pick(0, 40);
  if (choice < 16) {
    // The ends are rarer than what goes well.
    const int report = Chance(4) ? Pick(3, 6) : Pick(0, 3);
    world.SendJson(kWeb, reports[report], AnyReport(web));
  } else if (choice < 20) {
    world.SendJson(kWeb, "Apply", AnySpec(with_network));
  } else if (choice < 23) {
    world.SendJson(kWeb, "ClearGate", Chance(2) ? R"({"name":"Quota"})" : R"({"name":"Network"})");
  } else if (choice == 23) {
    world.SendJson(kWeb, "AddGate", R"({"name":"Quota"})");
  } else if (choice < 26) {
    world.SendJson(kWeb, "Start", "{}");
  } else if (choice == 26) {
    world.SendJson(kWeb, "Stop", "{}");
  } else if (choice < 29) {
    world.SendJson(kWeb, "Restart", "{}");
  } else if (choice < 31) {
    world.SendJson(kWeb, "Touch", "{}");
  } else if (choice == 31) {
    world.SendFrom(
        "registry/default/owner", kWeb,
        AdoptInstance{
            .owner = OwnerReference{
                .kind = "registry", .namespace_ = "default", .name = "owner", .uid = "u"}});
  } else if (choice == 32) {
    world.Send(kHere, TakeOverLease{.provider = "local", .holder = Chance(2) ? "a" : "b"});
  } else if (choice == 33) {
    world.Send(kHere, AcquireLease{.provider = "local", .holder = Chance(2) ? "a" : "b"});
  } else if (choice < 36) {
    world.Advance(Duration::Seconds(Pick(1, 40)));
  } else if (choice == 36) {
    world.Advance(Duration::Minutes(Pick(1, 40)));
  } else if (choice == 37 && Chance(3)) {
    world.Send(kWeb, Delete{});
  } else {
    world.Settle();
  }
}

// ---- Properties
// ----------------------------------------------------------------------------------

RC_GTEST_PROP(InstanceProperty, HoldsWhateverIsReportedInWhateverOrder, ()) {
  InstanceWorld world;
  world.MustApply(kHere, R"({"spec":{"provider":"local"}})");
  world.SendJson(kWeb, "Apply", AnySpec(false));
  world.on_decision = [&](const testing::World&, const Decision& decision) {
    if (decision.command->entity == kWeb) CheckInvariants(world);
  };
  Time activity;
  int64_t generation = 0;
  std::string uid;
  for (int i = 0; i < 60; ++i) {
    SendAny(world, false);
    const Instance& web = world.Get();
    if (web.metadata->uid == uid) {
      RC_ASSERT(web.status.last_activity_time >= activity);
      RC_ASSERT(web.metadata->generation >= generation);
    }
    uid = web.metadata->uid;
    activity = web.status.last_activity_time;
    generation = web.metadata->generation;
  }
}

// However far it came, with follow-ups delivered in any order: once it is deleted and its provider
// has done what is asked, nothing of it is left.
RC_GTEST_PROP(InstanceProperty, GivesEverythingBackFromAnywhere, ()) {
  InstanceWorld world;
  world.MakeSurroundings();
  world.SendJson(kWeb, "Apply", AnySpec(true));
  world.on_decision = [&](const testing::World&, const Decision& decision) {
    if (decision.command->entity == kWeb) CheckInvariants(world);
  };
  world.pick = [](size_t n) { return Pick<size_t>(0, n); };
  const int steps = Pick(0, 60);
  for (int i = 0; i < steps; ++i) {
    if (Chance(3)) {
      SendAny(world, true);
    } else if (Chance(8)) {
      world.Provide(Chance(2) ? kProgramming : kReady);
    } else {
      world.DeliverOne();
    }
  }
  world.Send(kWeb, Delete{});
  world.Settle();
  world.Provide();
  RC_ASSERT(!world.Exists(kWeb));
  RC_ASSERT(!world.Exists("networkbinding/default/web-net-0"));
  RC_ASSERT(!world.Exists("networkcontext/default/default-here"));
  RC_ASSERT(world.As<Location>(kHere).relations.observers == 0u);
}

}  // namespace
}  // namespace sluice
