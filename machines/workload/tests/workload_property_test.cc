// Random specs, locations and networks that come and go, providers, strangers and delays: a
// workload's rows and totals are what counting its deployments anew gives, after every decision;
// and once all was heard its deployments are those that spec and locations want, and what it says
// is what they say.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "machines/common/testing/pick.h"
#include "machines/common/testing/world.h"
#include "machines/deployment/deployment.h"
#include "machines/instance/instance.h"
#include "machines/location/location.h"
#include "machines/workload/children.h"

namespace sluice {
namespace {

using testing::Below;
using testing::Chance;
using testing::OneOf;
using testing::World;

constexpr char kShop[] = "workload/default/shop";
constexpr char kNetwork[] = "network/default/default";
const std::vector<std::string> kCities = {"DFW", "LHR", "JFK"};
const std::vector<std::string> kLocations = {"a", "b", "c", "d"};

// Of one or two placements; the second by locations.
std::string AnySpec() {
  const auto quoted = [](const std::string& text) { return "\"" + text + "\""; };
  std::string cities = quoted(OneOf(kCities));
  if (Chance(2)) {
    const std::string another = quoted(OneOf(kCities));
    if (another != cities) cities += "," + another;
  }
  std::string placements =
      fmt::format(R"({{"name":"us","cityCodes":[{}],"scaleSettings":{{"minReplicas":{}}}}})",
                  cities, 1 + Below(3));
  if (Chance(2)) {
    placements += fmt::format(
        R"(,{{"name":"eu","locations":[{{"name":"{}"}}],)"
        R"("scaleSettings":{{"minReplicas":{},"instanceManagementPolicy":"Parallel"}}}})",
        OneOf(kLocations), 1 + Below(3));
  }
  return fmt::format(
      R"({{"spec":{{"template":{{"spec":{{"networkInterfaces":[{{"network":{{"name":"default"}}}}],)"
      R"("runtime":{{"process":{{"command":["./server","v{}"]}}}}}}}},"placements":[{}]}}}})",
      Below(3), placements);
}

void ChangeALocation(World& world) {
  const std::string location = "location/default/" + OneOf(kLocations);
  if (world.Exists(location) && Chance(2)) {
    world.Send(location, Delete{});
    return;
  }
  world.SendJson(
      location, "Apply",
      fmt::format(
          R"({{"spec":{{"topology":{{"topology.datum.net/city-code":"{}"}},"provider":"local"}}}})",
          OneOf(kCities)));
}

// What a provider would do next for one of those that wait; now and then it fails.
void Work(World& world, bool may_fail) {
  std::vector<std::pair<std::string, std::string>> waiting;
  for (const std::string& entity : world.EntityKeys()) {
    for (const PendingAction& action : world.Pending(entity)) {
      waiting.emplace_back(entity, action.verb);
    }
  }
  if (waiting.empty()) return;
  const auto& [entity, verb] = OneOf(waiting);
  if (verb.starts_with("Delete")) {
    world.SendJson(entity, "ReportDeleted", R"({"status":"True"})");
  } else if (verb.starts_with("Stop")) {
    world.SendJson(entity, "ReportStopped", R"({"status":"True"})");
  } else if (may_fail && Chance(6)) {
    world.SendJson(entity, "ReportProgrammed", R"({"status":"False","reason":"Broken"})");
  } else {
    world.SendJson(entity, "ReportProgrammed", R"({"status":"True"})");
    if (entity.starts_with("instance/")) {
      world.SendJson(entity, "ReportRunning", R"({"status":"True"})");
    }
  }
}

struct Sums {
  uint32_t deployments = 0, replicas = 0, current = 0, desired = 0, ready = 0, available = 0;
  bool operator==(const Sums&) const = default;
};

Sums Of(const PlacementStatus& row) {
  return {row.deployments,      row.replicas,       row.current_replicas,
          row.desired_replicas, row.ready_replicas, row.available_deployments};
}

// Of what it keeps of its deployments.
std::map<std::string, Sums> CountedAnew(const Workload& shop) {
  std::map<std::string, Sums> sums;
  for (const auto& [key, kept] :
       shop.items.Scan<WorkloadDeployment>(WorkloadMachine::kDeployments, "", 1000)) {
    if (kept.unwanted) continue;
    Sums& sum = sums[kept.placement];
    ++sum.deployments;
    sum.replicas += kept.replicas;
    sum.current += kept.current_replicas;
    sum.desired += kept.desired_replicas;
    sum.ready += kept.ready_replicas;
    sum.available += kept.available ? 1 : 0;
  }
  return sums;
}

void CheckRows(const Workload& shop) {
  std::map<std::string, Sums> anew = CountedAnew(shop);
  std::set<std::string> named;
  Sums total;
  for (const PlacementStatus& row : shop.status.placements) {
    RC_ASSERT(named.insert(row.name).second);
    RC_ASSERT(Of(row) == anew[row.name]);
    anew.erase(row.name);
    total.deployments += row.deployments;
    total.replicas += row.replicas;
    total.current += row.current_replicas;
    total.desired += row.desired_replicas;
    total.ready += row.ready_replicas;
    total.available += row.available_deployments;
  }
  // What the spec wants no more has no row, and is dismissed with the next settling.
  if (shop.own.placed) RC_ASSERT(anew.empty());
  std::set<std::string> wanted;
  for (const Placement& placement : shop.spec.placements) wanted.insert(placement.name);
  RC_ASSERT(named == wanted);
  const WorkloadStatus& status = shop.status;
  RC_ASSERT((Sums{status.deployments, status.replicas, status.current_replicas,
                  status.desired_replicas, status.ready_replicas, total.available}) == total);
  const bool available = IsTrue(status.conditions, "Available");
  RC_ASSERT((status.phase == WorkloadPhase::kAvailable) == available);
  if (available) RC_ASSERT(total.available > 0u);
}

bool IsThere(const World& world, const workload::Place& place) {
  for (const std::string& name : kLocations) {
    const std::string entity = "location/default/" + name;
    // One that is deleted may stay for its instances; nothing is placed there any more.
    if (!world.Exists(entity) || world.As<Location>(entity).IsDeleting()) continue;
    const auto& topology = world.As<Location>(entity).spec.topology;
    if (place.by_location ? name == place.place
                          : topology.at("topology.datum.net/city-code") == place.place) {
      return true;
    }
  }
  return false;
}

// Everything was heard, and nothing is under way.
void CheckAtRest(const World& world) {
  const auto& shop = world.As<Workload>(kShop);
  std::set<std::string> kept;
  Sums real;
  for (const auto& [key, item] :
       shop.items.Scan<WorkloadDeployment>(WorkloadMachine::kDeployments, "", 1000)) {
    if (item.unwanted) continue;
    kept.insert(key);
    const auto& deployment = world.As<Deployment>("deployment/default/" + item.name);
    RC_ASSERT(deployment.Exists());
    RC_ASSERT(deployment.metadata.owner_references.front().name == "shop");
    RC_ASSERT(deployment.metadata.uid == item.uid);
    real.replicas += deployment.status.replicas;
    real.current += deployment.status.current_replicas;
    real.desired += deployment.status.desired_replicas;
    real.ready += deployment.status.ready_replicas;
    RC_ASSERT(item.available == IsTrue(deployment.status.conditions, "Available"));
  }
  std::map<std::string, std::vector<std::string>> unmatched;
  for (const workload::Place& place : workload::PlacesOf(shop.spec)) {
    // One that has its place keeps it, whatever becomes of the location; the row says that it went.
    const bool has_place = kept.erase(workload::KeyOf(place.placement, place.place)) > 0;
    if (IsThere(world, place)) {
      RC_ASSERT(has_place);
    } else {
      unmatched[place.placement].push_back(place.place);
    }
  }
  RC_ASSERT(kept.empty());  // No spec wants it.
  RC_ASSERT(shop.status.replicas == real.replicas);
  RC_ASSERT(shop.status.current_replicas == real.current);
  RC_ASSERT(shop.status.desired_replicas == real.desired);
  RC_ASSERT(shop.status.ready_replicas == real.ready);
  for (const PlacementStatus& row : shop.status.placements) {
    RC_ASSERT(row.unmatched == unmatched[row.name]);
    RC_ASSERT(IsTrue(row.conditions, "LocationsMatched") == unmatched[row.name].empty());
    RC_ASSERT(IsTrue(row.conditions, "Available") == (row.available_deployments > 0));
  }
  for (const std::string& entity : world.EntityKeys()) {
    if (!entity.starts_with("deployment/") || !world.Exists(entity)) continue;
    const auto& deployment = world.As<Deployment>(entity);
    if (deployment.metadata.owner_references.empty()) continue;  // A stranger's.
    const auto known = workload::DeploymentNamed(shop, deployment.metadata.name);
    RC_ASSERT(known.has_value());
  }
}

// Nobody interferes any more, everything works.
void Quiet(World& world) {
  world.Settle();
  for (int i = 0; i < 400; ++i) {
    Work(world, false);
    world.Settle();
    if (i % 40 == 39) world.Advance(Duration::Minutes(10));
  }
}

RC_GTEST_PROP(WorkloadProperty, RowsAreItsDeploymentsAndThoseAreWhatIsWanted, ()) {
  World world(BuiltinKinds());
  world.pick = [](size_t n) { return Below(n); };
  world.on_decision = [&](const World&, const Decision& decision) {
    if (decision.command->entity != kShop || !world.Exists(kShop)) return;
    const auto& shop = world.As<Workload>(kShop);
    if (!shop.IsDeleting()) CheckRows(shop);
  };
  if (Chance(2)) {
    world.SendJson("deployment/default/shop-us-dfw", "Apply",
                   R"({"spec":{"cityCode":"DFW","scaleSettings":{"minReplicas":1},"template":)"
                   R"({"spec":{"runtime":{"process":{"command":["./theirs"]}}}}}})");
  }
  world.SendJson(kShop, "Apply", AnySpec());
  const size_t steps = 20 + Below(100);
  for (size_t i = 0; i < steps; ++i) {
    const size_t choice = Below(24);
    if (choice == 0) {
      world.SendJson(kShop, "Apply", AnySpec());
    } else if (choice <= 2) {
      ChangeALocation(world);
    } else if (choice == 3) {
      if (!world.Exists(kNetwork)) {
        world.SendJson(kNetwork, "Apply", R"({"spec":{"ipam":{"mode":"Auto"}}})");
      }
    } else if (choice == 4) {
      world.Advance(Duration::Seconds(1 + static_cast<int64_t>(Below(60))));
    } else if (choice < 10) {
      Work(world, true);
    } else {
      for (size_t left = Below(10); left > 0 && world.DeliverOne(); --left) {
      }
    }
  }
  if (!world.Exists(kNetwork)) {
    world.SendJson(kNetwork, "Apply", R"({"spec":{"ipam":{"mode":"Auto"}}})");
  }
  Quiet(world);
  CheckAtRest(world);
  RC_CLASSIFY(world.As<Workload>(kShop).status.phase == WorkloadPhase::kAvailable, "available");
  const size_t before = world.decisions().size();
  const std::string text = world.Json(kShop);
  // Nothing is written when nothing changed.
  WorkloadApply same;
  same.spec = world.As<Workload>(kShop).spec;
  RC_ASSERT(world.SendAndSettle(kShop, same).events.empty());
  RC_ASSERT(world.Json(kShop) == text);
  RC_ASSERT(world.decisions().size() == before + 1);

  world.Send(kShop, Delete{});
  Quiet(world);
  for (const std::string& entity : world.EntityKeys()) {
    if (!world.Exists(entity)) continue;
    RC_LOG() << entity << " " << world.Json(entity) << "\n";
    for (const PendingAction& action : world.Pending(entity))
      RC_LOG() << "  " << action.verb << "\n";
  }
  RC_ASSERT(!world.Exists(kShop));
  for (const std::string& entity : world.EntityKeys()) {
    if (!entity.starts_with("deployment/") || !world.Exists(entity)) continue;
    RC_ASSERT(world.As<Deployment>(entity).metadata.owner_references.empty());
  }
}

}  // namespace
}  // namespace sluice
