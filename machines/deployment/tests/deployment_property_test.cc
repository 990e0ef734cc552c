// Any sequence of specs, reports and deletions, delivered in any order: the sets a deployment keeps
// are the plan over its whole list, and its counts are what counting them anew gives.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "machines/common/testing/pick.h"
#include "machines/common/testing/world.h"
#include "machines/deployment/control/plan.h"
#include "machines/deployment/members.h"
#include "machines/instance/instance.h"

namespace sluice {
namespace {

using deployment::IsReady;
using testing::Chance;
using testing::Pick;
using testing::World;
using M = DeploymentMachine;

constexpr char kShop[] = "deployment/default/shop";

uint64_t OrdinalOfKey(const std::string& key) {
  uint64_t ordinal = 0;
  for (const char c : key) ordinal = ordinal << 8 | static_cast<unsigned char>(c);
  return ordinal;
}

std::vector<control::Action> WholePlan(const Deployment& shop) {
  control::DeploymentView view{
      .name = "shop",
      .replicas = shop.own.wanted,
      .policy = shop.spec.scale_settings.instance_management_policy == ManagementPolicy::kParallel
                    ? control::Policy::kParallel
                    : control::Policy::kOrderedReady,
      .template_hash = shop.own.template_hash,
      .backing_off = {}};
  for (const auto& [key, item] : shop.items.Scan<OrdinalItem>(M::kOrdinals, "", 10'000)) {
    if (item.retry.next_time.IsSet()) view.backing_off.push_back(OrdinalOfKey(key));
  }
  std::vector<control::InstanceView> list;
  for (const auto& [key, item] : shop.items.Scan<DeploymentMember>(M::kMembers, "", 10'000)) {
    // What is not known to exist yet is waited for, and is not asked to go.
    list.push_back({.name = item.name,
                    .ordinal = OrdinalOfKey(key),
                    .template_hash = item.sent_hash,
                    .ready = IsReady(item),
                    .terminal = item.terminal,
                    .deleting = item.deleting || item.uid.empty()});
  }
  return control::Plan(view, list);
}

void CheckPlan(const Deployment& shop) {
  const auto plan = WholePlan(shop);
  PlanCounts counts;
  std::vector<PlanAction> first;
  for (const control::Action& action : plan) {
    const auto kind = static_cast<PlanActionKind>(action.verb);
    uint32_t PlanCounts::*const of_kind[] = {&PlanCounts::create, &PlanCounts::update,
                                             &PlanCounts::delete_, &PlanCounts::wait};
    ++(counts.*of_kind[static_cast<size_t>(kind)]);
    if (action.skipped) ++counts.skipped;
    if (first.size() < 10) {
      first.push_back({.action = kind, .instance = action.instance, .skipped = action.skipped});
    }
  }
  RC_ASSERT(shop.status.plan.counts == counts);
  RC_ASSERT(shop.status.plan.actions == first);
}

void CheckCounts(const Deployment& shop) {
  uint32_t replicas = 0;
  uint32_t ready = 0;
  uint32_t current = 0;
  uint32_t gated = 0;
  const auto members = shop.items.Scan<DeploymentMember>(M::kMembers, "", 10'000);
  for (const auto& [key, item] : members) {
    if (!item.uid.empty()) ++replicas;
    if (IsReady(item)) ++ready;
    if (item.programmed && item.seen_hash == shop.own.template_hash) ++current;
    if (item.network_gate && !item.deleting) ++gated;
  }
  RC_ASSERT(shop.own.members == members.size());
  RC_ASSERT(shop.status.replicas == replicas);
  RC_ASSERT(shop.status.ready_replicas == ready);
  RC_ASSERT(shop.status.current_replicas == current);
  RC_ASSERT(deployment::OrdinalsOf(shop, M::kGated, 10'000).size() == gated);
  RC_ASSERT(shop.status.desired_replicas == shop.own.wanted);
  const Condition* available = FindCondition(shop.status.conditions, "Available");
  RC_ASSERT((available->status == ConditionStatus::kTrue) == (ready > 0));
}

std::string AnySpec() {
  return fmt::format(
      R"({{"spec":{{"location":{{"name":"here"}},"scaleSettings":{{"minReplicas":{},)"
      R"("instanceManagementPolicy":"{}"}},"template":{{"spec":{{{}"runtime":{{"process":)"
      R"({{"command":["./server","v{}"]}}}}}}}}}}}})",
      Pick(1, 13), Chance(2) ? "Parallel" : "OrderedReady",
      Chance(3) ? R"("controller":{"schedulingGates":[{"name":"Quota"}]},)" : "", Pick(0, 3));
}

void ReportSomething(World& world) {
  const std::string entity = fmt::format("instance/default/shop-{}", Pick(0, 13));
  if (!world.Exists(entity)) return;
  const auto& instance = world.As<Instance>(entity);
  const int choice = Pick(0, 12);
  const std::string report =
      fmt::format(R"({{"status":"{}","generation":{}}})", Chance(6) ? "False" : "True",
                  std::max<int64_t>(0, instance.metadata->generation - (Chance(6) ? 1 : 0)));
  if (choice < 4) {
    world.SendJson(entity, "ReportProgrammed", report);
  } else if (choice < 8) {
    world.SendJson(entity, "ReportRunning", report);
  } else if (choice == 8) {
    world.SendJson(entity, "ClearGate", R"({"name":"Quota"})");
  } else if (choice == 9) {
    world.SendJson(entity, "ReportFailed", R"({"status":"True","reason":"CrashLoop"})");
  } else if (choice == 10) {
    world.SendJson(entity, "ReportStopped", R"({"status":"True"})");
  } else {
    world.Send(entity, Delete{});
  }
}

// A provider that says of all that goes that it is gone.
void RemoveWhatGoes(World& world) {
  for (const std::string& entity : world.EntityKeys()) {
    for (const PendingAction& action : world.Pending(entity)) {
      if (action.verb == "DeleteInstance")
        world.SendJson(entity, "ReportDeleted", R"({"status":"True"})");
    }
  }
}

// What it keeps of its instances is what they are, once everything was heard.
void CheckAgainstInstances(const World& world) {
  const auto& shop = world.As<Deployment>(kShop);
  uint32_t there = 0;
  for (const std::string& entity : world.EntityKeys()) {
    if (!entity.starts_with("instance/") || !world.Exists(entity)) continue;
    ++there;
    const auto& instance = world.As<Instance>(entity);
    const auto ordinal = deployment::OrdinalNamed(shop, instance.metadata->name);
    RC_ASSERT(ordinal.has_value());
    const auto member = deployment::FindMember(shop, *ordinal);
    RC_ASSERT(member->uid == instance.metadata->uid);
    RC_ASSERT(member->seen_hash == instance.spec->controller.template_hash);
    RC_ASSERT(member->seen_hash == member->sent_hash);
    RC_ASSERT(member->ready == IsTrue(instance.status.conditions, "Ready"));
    RC_ASSERT(instance.spec->location.name == "here");
  }
  RC_ASSERT(shop.status.replicas == there);
}

TEST(Deployment, HearsOnceOfAMemberThatTellsOfItself) {
  World world(BuiltinKinds());
  world.SendJson(kShop, "Apply",
                 R"({"spec":{"location":{"name":"here"},"scaleSettings":{"minReplicas":3,)"
                 R"("instanceManagementPolicy":"Parallel"},"template":{"spec":{"runtime":)"
                 R"({"process":{"command":["./server"]}}}}}})");
  world.Settle();
  EXPECT_EQ(world.As<Deployment>(kShop).status.replicas, 3u);
  size_t heard = 0;
  for (const Decision& decision : world.decisions()) {
    if (decision.command->entity != kShop || !decision.command->source) continue;
    if (!decision.command->source->entity.starts_with("instance/")) continue;
    EXPECT_FALSE(decision.command->payload.As<Outcome>());
    EXPECT_EQ(decision.verdict, Verdict::kAccepted);
    ++heard;
  }
  EXPECT_EQ(heard, 3u);
}

RC_GTEST_PROP(DeploymentProperty, KeptSetsAreThePlan, ()) {
  World world(BuiltinKinds());
  world.pick = [](size_t n) { return Pick<size_t>(0, n); };
  world.on_decision = [&](const World&, const Decision& decision) {
    if (decision.command->entity != kShop || !world.Exists(kShop)) return;
    const auto& shop = world.As<Deployment>(kShop);
    CheckPlan(shop);
    CheckCounts(shop);
  };
  world.SendJson(kShop, "Apply", AnySpec());
  for (int i = 0; i < 120; ++i) {
    const int choice = Pick(0, 24);
    if (choice == 0) {
      world.SendJson(kShop, "Apply", AnySpec());
    } else if (choice == 1) {
      world.Advance(Duration::Seconds(Pick(1, 20)));
    } else if (choice == 2) {
      RemoveWhatGoes(world);
    } else if (choice < 12) {
      ReportSomething(world);
    } else {
      world.DeliverOne();
    }
  }
  world.Settle();
  CheckAgainstInstances(world);
  world.Send(kShop, Delete{});
  world.Settle();
  for (int i = 0; i < 3; ++i) {
    RemoveWhatGoes(world);
    world.Settle();
  }
  RC_ASSERT(!world.Exists(kShop));
  for (const std::string& entity : world.EntityKeys()) {
    if (entity.starts_with("instance/")) RC_ASSERT(!world.Exists(entity));
  }
}

}  // namespace
}  // namespace sluice
