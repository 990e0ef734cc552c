// The plane under random use: networks come and go, hosts and bindings too, providers report
// success and failure, messages between partitions overtake each other. The invariants hold at
// every step, and when everyone is gone the pool is whole again.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "machines/clusterconfig/settings.h"
#include "machines/common/testing/pick.h"
#include "machines/network/tests/plane_world.h"

namespace sluice {
namespace {

using testing::Below;
using testing::PlaneWorld;

const std::vector<std::string> kNothing;

std::string Numbered(const char* prefix, size_t end) { return prefix + std::to_string(Below(end)); }

NetworkSpec AnySpec() {
  NetworkSpec spec;
  switch (Below(4)) {
    case 0:
      spec.ip_families = {"IPv4", "IPv6"};
      return spec;
    case 1:
      spec.ipam.mode = IpamMode::kPolicy;
      spec.ip_families = {"IPv4"};
      // Some overlap each other, and the last is too small.
      spec.ipam.ipv4_range = std::vector<std::string>{"10.0.0.0/16", "10.0.0.0/20", "10.0.16.0/20",
                                                      "192.168.0.0/24"}[Below(4)];
      return spec;
    case 2:
      spec.ip_families = {"IPv6"};
      return spec;
    default:
      return spec;
  }
}

// One provider's report on anything that is pending.
void Report(PlaneWorld& plane) {
  for (const std::string& key : plane.world.EntityKeys()) {
    for (const PendingAction& action : plane.world.Pending(key)) {
      const bool fails = Below(4) == 0;
      plane.world.Send(key, NetworkReportProgrammed{
                                .status = fails ? ConditionStatus::kFalse : ConditionStatus::kTrue,
                                .reason = fails ? "NoSuchDevice" : "Programmed",
                                .generation = action.generation,
                                .uid = action.uid});
      return;
    }
  }
}

// Sometimes little is there to be had, so that running dry is common.
void AnySettings(PlaneWorld& plane) {
  if (Below(3) == 0) plane.world.settings.local_ipv4_pools = {"127.64.0.0/15"};
  if (Below(3) == 0) plane.world.settings.context_ipv4_length = 30;
}

void ApplyClaim(PlaneWorld& plane) {
  SubnetClaimApply apply;
  apply.spec.network_context.name = Numbered("n", 3) + "-l0";
  apply.spec.location.name = "l0";
  plane.world.Send("subnetclaim/default/" + Numbered("c", 2), apply);
}

void ApplyContext(PlaneWorld& plane) {
  NetworkContextApply apply;
  apply.spec.network.name = Numbered("n", 3);
  apply.spec.location.name = "l0";
  plane.world.Send("networkcontext/default/m0", apply);
}

void Step(PlaneWorld& plane) {
  switch (Below(16)) {
    case 14:
      return ApplyContext(plane);
    case 15:
      plane.DeleteNamed("networkcontext/default/m0");
      return;
    case 12:
      return ApplyClaim(plane);
    case 13:
      plane.DeleteNamed("subnetclaim/default/" + Numbered("c", 2));
      return;
    case 0:
      plane.world.Send("network/default/" + Numbered("n", 3), NetworkApply{.spec = AnySpec()});
      return;
    case 1:
    case 2: {
      std::vector<std::string> networks = {Numbered("n", 3)};
      if (Below(2) == 0) networks.push_back(Numbered("n", 3));
      return plane.ApplyHost(Numbered("h", 5), networks, Numbered("l", 2));
    }
    case 3:
      return plane.ApplyBinding(Numbered("b", 3), Numbered("n", 3), Numbered("l", 2));
    case 4:
      plane.DeleteNamed("host/default/" + Numbered("h", 5));
      return;
    case 5:
      plane.DeleteNamed("networkbinding/default/" + Numbered("b", 3));
      return;
    case 6:
      if (Below(3) == 0) plane.DeleteNamed("network/default/" + Numbered("n", 3), Below(2) == 0);
      return;
    case 7:
      return plane.world.Advance(Duration::Seconds(static_cast<int64_t>(Below(20))));
    case 8:
    case 9:
      return Report(plane);
    default:
      for (size_t i = Below(30); i > 0; --i) plane.world.DeliverOne();
      return;
  }
}

// Everything is asked to go; time passes, so that whatever waits for a retry gets it.
void TakeDown(PlaneWorld& plane) {
  for (int i = 0; i < 5; ++i) plane.DeleteNamed("host/default/h" + std::to_string(i));
  for (int i = 0; i < 3; ++i) plane.DeleteNamed("networkbinding/default/b" + std::to_string(i));
  for (int i = 0; i < 2; ++i) plane.DeleteNamed("subnetclaim/default/c" + std::to_string(i));
  plane.DeleteNamed("networkcontext/default/m0");
  plane.Settle();
  for (int i = 0; i < 3; ++i) plane.DeleteNamed("network/default/n" + std::to_string(i));
  plane.Settle();
  plane.world.Advance(Duration::Minutes(10));
  plane.Settle();
}

RC_GTEST_PROP(NetworkPlaneProperty, HoldsItsInvariantsAndIsWholeAgain, ()) {
  PlaneWorld plane(static_cast<uint32_t>(1 + Below(5)));
  plane.world.pick = [](size_t count) { return count < 2 ? 0 : Below(count); };
  AnySettings(plane);
  const size_t steps = 5 + Below(60);
  for (size_t i = 0; i < steps; ++i) {
    Step(plane);
    RC_ASSERT(plane.Violations() == kNothing);
  }
  TakeDown(plane);
  RC_ASSERT(plane.Remains() == kNothing);
}

// What is wanted comes about: after any history, with the networks there and providers willing,
// every host is attached, to addresses that differ.
RC_GTEST_PROP(NetworkPlaneProperty, ConvergesOnWhatIsWanted, ()) {
  PlaneWorld plane(static_cast<uint32_t>(1 + Below(5)));
  plane.world.pick = [](size_t count) { return count < 2 ? 0 : Below(count); };
  AnySettings(plane);
  const size_t steps = 5 + Below(40);
  for (size_t i = 0; i < steps; ++i) Step(plane);
  TakeDown(plane);
  plane.world.settings = DefaultSettings();
  for (int i = 0; i < 3; ++i) plane.ApplyNetwork("n" + std::to_string(i));
  for (int i = 0; i < 5; ++i) plane.ApplyHost("h" + std::to_string(i), {"n0", "n1"}, "l0");
  plane.Settle();
  RC_ASSERT(plane.Violations() == kNothing);
  for (int i = 0; i < 5; ++i) {
    RC_ASSERT(plane.host("h" + std::to_string(i)).status.phase == HostPhase::kAttached);
  }
}

// Nothing waits for what will not come: after any history, once all is delivered and programmed and
// retries have had their time, whoever is not served says which failure keeps it.
RC_GTEST_PROP(NetworkPlaneProperty, WhoeverIsNotServedSaysWhy, ()) {
  PlaneWorld plane(static_cast<uint32_t>(1 + Below(5)));
  plane.world.pick = [](size_t count) { return count < 2 ? 0 : Below(count); };
  AnySettings(plane);
  const size_t steps = 5 + Below(60);
  for (size_t i = 0; i < steps; ++i) Step(plane);
  plane.Settle();
  for (int i = 0; i < 3; ++i) {
    plane.world.Advance(Duration::Minutes(6));
    plane.Settle();
  }
  const auto goes = [&](const std::string& network) {
    return plane.network(network).status.phase == NetworkPhase::kDeleting;
  };
  for (const std::string& key : plane.world.EntityKeys()) {
    if (!plane.Exists(key) || plane.world.State(key).IsDeleting()) continue;
    const Condition& ready = plane.Ready(key);
    const std::string name = KeyOrDie(key).name;
    bool served = ready.status == ConditionStatus::kTrue;
    bool explained = ready.reason == "NetworkFailedToCreate" || ready.reason == "NetworkNotFound";
    // A network or context that goes keeps its bindings waiting, and says what holds it.
    const auto waits = [&](const std::string& binding) {
      const std::string context = "networkcontext/default/" + plane.binding(binding).own.context;
      return goes(plane.binding(binding).spec.network.name) ||
             plane.world.State(context).IsDeleting();
    };
    if (key.starts_with("networkbinding/")) {
      explained = explained || waits(name);
    } else if (key.starts_with("host/")) {
      for (const Attachment& attachment : plane.host(name).own.attachments) {
        explained = explained || waits(attachment.binding);
      }
    } else {
      continue;
    }
    if (!served && !explained) RC_FAIL(key + " " + plane.ReadyText(key));
  }
}

}  // namespace
}  // namespace sluice
