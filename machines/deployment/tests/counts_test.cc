// What instances cost, counted in decisions and bytes: as much for the thousandth as for the first.
#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <string>

#include "events/codec.h"
#include "events/location.gen.h"
#include "events/network.gen.h"
#include "events/workload.gen.h"
#include "machines/common/kind.h"
#include "machines/common/testing/world.h"
#include "machines/deployment/deployment.h"
#include "machines/instance/instance.h"

namespace sluice {
namespace {

using testing::World;

constexpr char kPool[] = "deployment/default/pool";
constexpr char kFarm[] = "workload/default/shop";

InstanceTemplate Template(const std::string& revision, bool with_network) {
  InstanceTemplate from;
  ProcessRuntime process;
  process.command = {"/usr/bin/serve", revision};
  from.spec.runtime.process = std::move(process);
  if (with_network) {
    from.spec.network_interfaces.push_back({.network = {.name = "default"}, .network_policy = {}});
  }
  return from;
}

// A world with a provider that does at once whatever is pending.
class Plane {
 public:
  Plane() : world(BuiltinKinds()) {
    world.on_decision = [this](const World& seen, const Decision& decision) {
      See(seen, decision);
    };
  }

  // Until nothing is pending any more.
  void Run() {
    world.Settle(1'000'000);
    while (!pending_.empty()) {
      const PendingAction action = std::move(pending_.front());
      pending_.pop_front();
      Report(action);
      world.Settle(1'000'000);
    }
  }
  const Deployment& pool() const { return world.As<Deployment>(kPool); }

  World world;
  size_t state_bytes_max = 0;     // of the deployment's root
  size_t decision_bytes_max = 0;  // of one decision of its, beside the orders of instances

 private:
  void See(const World& seen, const Decision& decision) {
    const std::string& entity = decision.command->entity;
    for (PendingAction& action : seen.Pending(entity)) {
      if (known_.insert(action.target + action.verb + std::to_string(action.generation)).second) {
        pending_.push_back(std::move(action));
      }
    }
    if (entity != kPool) return;
    const EntityState& pool = seen.State(kPool);
    state_bytes_max = std::max(state_bytes_max, Pack(pool.root_type(), pool.root()).size());
    Decision told = decision;
    told.effects = {};
    decision_bytes_max = std::max(decision_bytes_max, Pack(told).size());
  }

  void Report(const PendingAction& action) {
    if (action.verb == "ProgramInstance" || action.verb == "ReprogramInstance") {
      world.Send(action.target,
                 InstanceReportRunning{.status = ConditionStatus::kTrue,
                                       .generation = action.generation,
                                       .pid = static_cast<int32_t>(action.generation)});
      world.Send(action.target, InstanceReportProgrammed{.status = ConditionStatus::kTrue,
                                                         .generation = action.generation});
    } else if (action.verb.starts_with("Program")) {
      world.Send(action.target, NetworkReportProgrammed{.status = ConditionStatus::kTrue,
                                                        .generation = action.generation});
    }
  }

  std::deque<PendingAction> pending_;
  std::set<std::string> known_;
};

void ApplyPool(Plane& plane, uint32_t replicas, const std::string& revision,
               ManagementPolicy policy) {
  DeploymentApply apply;
  apply.spec.location.name = "here";
  apply.spec.scale_settings.min_replicas = static_cast<int32_t>(replicas);
  apply.spec.scale_settings.instance_management_policy = policy;
  apply.spec.template_ = Template(revision, /*with_network=*/false);
  ASSERT_EQ(plane.world.Send(kPool, std::move(apply)).verdict, Verdict::kAccepted);
  plane.Run();
}

struct RolloutCost {
  size_t decisions = 0;
  uint64_t writes = 0;  // of the deployment
  size_t state_bytes_max = 0;
  size_t decision_bytes_max = 0;
  size_t json_bytes = 0;
};

RolloutCost RollOut(uint32_t replicas) {
  Plane plane;
  ApplyPool(plane, replicas, "v1", ManagementPolicy::kParallel);
  EXPECT_EQ(plane.pool().status.ready_replicas, replicas);
  const size_t decided = plane.world.decisions().size();
  const uint64_t version = plane.pool().version;
  plane.decision_bytes_max = 0;
  ApplyPool(plane, replicas, "v2", ManagementPolicy::kOrderedReady);
  EXPECT_EQ(plane.pool().status.current_replicas, replicas);
  EXPECT_EQ(plane.pool().status.ready_replicas, replicas);
  return {.decisions = plane.world.decisions().size() - decided,
          .writes = plane.pool().version - version,
          .state_bytes_max = plane.state_bytes_max,
          .decision_bytes_max = plane.decision_bytes_max,
          .json_bytes = plane.world.Json(kPool).size()};
}

TEST(DeploymentCounts, ARolloutOfAThousandIsTenOfAHundred) {
  const RolloutCost hundred = RollOut(100);
  const RolloutCost thousand = RollOut(1000);
  EXPECT_LE(thousand.decisions, 10 * hundred.decisions);
  EXPECT_LE(thousand.writes, 10 * hundred.writes);
  EXPECT_LE(hundred.decisions, 6u * 100 + 10);
  EXPECT_LE(hundred.writes, 2u * 100 + 10);
  // Names and numbers are a digit longer.
  EXPECT_LE(thousand.state_bytes_max, hundred.state_bytes_max + 128);
  EXPECT_LE(thousand.decision_bytes_max, hundred.decision_bytes_max + 128);
  EXPECT_LE(thousand.json_bytes, hundred.json_bytes + 128);
  EXPECT_LE(thousand.state_bytes_max, 4096u);
}

// Decisions until all of a workload with so many instances in a city are ready.
size_t Fill(uint32_t per_city) {
  Plane plane;
  LocationApply location;
  location.spec.provider = "local";
  location.spec.topology["topology.datum.net/city-code"] = "DFW";
  plane.world.SendAndSettle("location/default/here", location);
  plane.world.SendAndSettle("network/default/default", NetworkApply{});
  const size_t before = plane.world.decisions().size();
  WorkloadApply apply;
  apply.spec.template_ = Template("v1", /*with_network=*/true);
  Placement placement;
  placement.name = "all";
  placement.city_codes = {"DFW"};
  placement.scale_settings.min_replicas = static_cast<int32_t>(per_city);
  placement.scale_settings.instance_management_policy = ManagementPolicy::kParallel;
  apply.spec.placements.push_back(std::move(placement));
  EXPECT_EQ(plane.world.Send(kFarm, std::move(apply)).verdict, Verdict::kAccepted);
  plane.Run();
  EXPECT_NE(plane.world.Json(kFarm).find(fmt::format("\"readyReplicas\":{}", per_city)),
            std::string::npos);
  return plane.world.decisions().size() - before;
}

// More than one /24 of them: who finds a subnet full asks again, and that is several decisions.
TEST(DeploymentCounts, AFurtherInstanceOfAWorkloadCostsWhatTheFirstDid) {
  const size_t few = Fill(100);
  const size_t many = Fill(700);
  EXPECT_LE(many, 7 * few);
  EXPECT_LE(many, 15u * 700);
}

}  // namespace
}  // namespace sluice
