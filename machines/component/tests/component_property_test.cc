// Random specs' reports, guards, gates, suspensions and time over a real owner that changes, too.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "machines/binding/binding.h"
#include "machines/common/testing/pick.h"
#include "machines/common/testing/world.h"
#include "machines/component/component.h"
#include "machines/component/reasons.h"
#include "machines/component/state.h"

namespace sluice {
namespace {

using testing::Pick;
using testing::World;

constexpr char kShop[] = "component/default/shop";
constexpr char kOwner[] = "binding/default/shop";

std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
  return joined;
}

// Each resource that may be left out is in it if `has` says so.
template <class Has>
std::string SpecWith(Has has) {
  const auto resources = [&](std::vector<std::string> always,
                             const std::vector<std::string>& sometimes) {
    for (const std::string& one : sometimes) {
      if (has()) always.push_back(one);
    }
    return Joined(always);
  };
  std::vector<std::string> parts = {
      R"({"name":"a","conditionType":"A","gracePeriod":"1m","featureGate":{"name":"flag","on":true},"resources":[)" +
      resources(
          {R"({"id":"x"})"},
          {R"({"id":"y","family":"Completable","guard":"resources.x.data.n > 1"})",
           R"({"id":"z","family":"Operational","participation":"Auxiliary","guard":"reported"})"}) +
      "]}"};
  if (has()) {
    parts.push_back(
        R"({"name":"b","conditionType":"B","prerequisites":[{"dependsOn":"A"}],"resources":[)" +
        resources({}, {R"({"id":"x","deleteOnSuspend":true})", R"({"id":"o","mode":"Orphan"})",
                       R"({"id":"r","mode":"ReadOnly","gatedBy":""})"}) +
        "]}");
  }
  if (has()) {
    parts.push_back(
        R"({"name":"c","conditionType":"C","gracePeriod":"2m","resources":[)" +
        resources({}, {R"({"id":"x","gatedBy":"flag"})", R"({"id":"d","mode":"Delete"})"}) + "]}");
  }
  return R"({"spec":{"owner":{"kind":"binding","name":"shop"},"components":[)" + Joined(parts) +
         "]}}";
}

const std::string kSpec = SpecWith([] { return true; });

std::string AnyReport() {
  struct Place {
    const char* component;
    const char* id;
    std::vector<std::string> statuses;
  };
  static const std::vector<std::string> kAlive = {"Healthy", "Creating", "Updating", "Scaling",
                                                  "Failing", "Error",    "Absent",   "Suspended"};
  static const std::vector<Place> kPlaces = {
      {"a", "x", kAlive},
      {"a", "y", {"Completed", "TaskRunning", "TaskFailing", "Absent"}},
      {"a", "z", {"Operational", "OperationPending", "OperationFailing"}},
      {"b", "x", kAlive},
      {"b", "o", kAlive},
      {"b", "r", kAlive},
      {"c", "x", kAlive},
      {"c", "d", kAlive}};
  const Place& place = kPlaces[Pick<size_t>(0, kPlaces.size())];
  const int ready = Pick(0, 3);
  return fmt::format(
      R"({{"component":"{}","id":"{}","status":"{}","gradable":{},"ready":{},"desired":2,"data":{{"n":{}}}}})",
      place.component, place.id, *rc::gen::elementOf(place.statuses),
      Pick(0, 2) == 1 ? "true" : "false", ready, Pick(0, 4));
}

// Components and resources leave the spec and come back to it.
void ApplyAnySpec(World& world) {
  const ComponentSpec before = world.As<Component>(kShop).spec;
  std::set<std::string> there;
  for (const auto& [key, report] :
       world.As<Component>(kShop).items.Scan<ResourceReport>(ComponentMachine::kReports, "", 100)) {
    if (report.status != "Absent") there.insert(key);
  }
  world.SendJson(kShop, "Apply", SpecWith([] { return Pick(0, 3) > 0; }));
  const Component& shop = world.As<Component>(kShop);
  for (const ComponentPart& part : shop.spec.components) {
    for (const ComponentResource& resource : part.resources) {
      if (component::IsInSpec(before, part.name, resource.id)) continue;
      EXPECT_FALSE(component::ReportOf(shop, part, resource)) << "reported before it left";
    }
  }
  for (const ComponentPart& part : before.components) {
    for (const ComponentResource& resource : part.resources) {
      if (component::IsInSpec(shop.spec, part.name, resource.id)) continue;
      const bool goes = there.contains(component::ItemKeyOf(part.name, resource.id)) &&
                        resource.mode != ResourceMode::kReadOnly;
      EXPECT_EQ(component::FindLeaving(shop, part.name, resource.id) != nullptr, goes);
    }
  }
}

// One random thing that a user, a reporter, the owner or time does.
void DoSomething(World& world) {
  const std::string part = *rc::gen::elementOf(std::vector<std::string>{"a", "b", "c"});
  switch (Pick(0, 12)) {
    case 0:
      world.SendJson(kShop, "ReportGuard",
                     R"({"component":"a","id":"z","met":)" +
                         std::string(Pick(0, 2) == 1 ? "true}" : "false}"));
      break;
    case 1:
      world.SendJson(kShop, "ReportGate",
                     *rc::gen::elementOf(std::vector<std::string>{
                         R"({"name":"flag","on":true})", R"({"name":"flag"})",
                         R"({"name":"flag","error":"unreachable"})"}));
      break;
    case 2:
      world.SendJson(kShop, Pick(0, 2) == 1 ? "Suspend" : "Resume",
                     R"({"component":")" + part + R"("})");
      break;
    case 3:
      world.Advance(Duration::Seconds(Pick(1, 90)));
      break;
    case 4:
      world.SendJson(kOwner, "Apply",
                     R"({"spec":{"bindingKey":"k","desiredRevision":"v)" +
                         std::to_string(Pick(1, 4)) + R"("}})");
      break;
    case 5:
      ApplyAnySpec(world);
      break;
    default:
      world.SendJson(kShop, "ReportResource", AnyReport());
  }
}

void CheckDecision(const World&, const Decision& decision) {
  if (decision.command->entity != kShop) return;
  size_t writes = 0;
  for (const FollowUp& follow_up : decision.effects.follow_ups) {
    writes += follow_up.command->payload.As<WriteConditions>() ? 1 : 0;
  }
  EXPECT_LE(writes, 1u) << "one write for all conditions";
  // Of what is not in the spec at that time.
  if (decision.rejection && decision.rejection->code == RejectionCode::kNotFound) return;
  EXPECT_FALSE(decision.rejection.has_value()) << decision.rejection->message;
}

// What holds whenever nothing is under way.
void CheckAtRest(const World& world) {
  const Component& shop = world.As<Component>(kShop);
  const auto& shown = world.As<Binding>(kOwner).status.conditions;
  bool all_true = true;
  for (const ComponentPartStatus& part : shop.status.components) {
    const Condition* at_owner = FindCondition(shown, part.condition.type);
    ASSERT_NE(at_owner, nullptr);
    EXPECT_EQ(*at_owner, part.condition) << world.Json(kShop);
    EXPECT_EQ(part.condition.status, component::StatusOf(part.condition.reason));
    EXPECT_EQ(part.condition.observed_generation, world.State(kOwner).metadata_part().generation);
    all_true = all_true && part.condition.status == ConditionStatus::kTrue;
  }
  for (const LeavingResource& one : shop.status.leaving) {
    EXPECT_FALSE(component::IsInSpec(shop.spec, one.component, one.id)) << world.Json(kShop);
  }
  EXPECT_EQ(IsTrue(shown, "Aggregate"), all_true);
  EXPECT_EQ(FindCondition(shown, "Audited")->reason, "Passed") << "another's is lost";
  EXPECT_EQ(FindCondition(shown, "Progressing")->observed_generation,
            world.State(kOwner).metadata_part().generation)
      << "the owner's own is its own";
}

RC_GTEST_PROP(ComponentProperty, TheOwnerShowsWhatIsStagedAndNothingElseMoves, ()) {
  World world(BuiltinKinds());
  world.deliver_to = {"component", "binding", "registry"};
  world.pick = [](size_t queues) { return Pick<size_t>(0, queues); };
  world.on_decision = &CheckDecision;
  if (Pick(0, 2) == 1) world.SendJson(kShop, "Apply", kSpec);
  world.SendJson(kOwner, "Apply", R"({"spec":{"bindingKey":"k","desiredRevision":"v1"}})");
  world.SendFrom("component/default/auditor", kOwner,
                 WriteConditions{.owned = {"Audited"},
                                 .conditions = {Condition{.type = "Audited",
                                                          .status = ConditionStatus::kTrue,
                                                          .reason = "Passed"}}});
  world.SendJson(kShop, "Apply", kSpec);
  world.Settle();
  const int steps = Pick(1, 40);
  for (int i = 0; i < steps; ++i) {
    DoSomething(world);
    // Sometimes several things happen before anybody hears of the first.
    if (Pick(0, 3) > 0) world.Settle();
  }
  world.Settle();
  CheckAtRest(world);
  // The last word again: no write, no event, no version.
  const uint64_t owner_version = world.State(kOwner).version;
  const uint64_t version = world.State(kShop).version;
  const std::string report = AnyReport();
  world.SendJson(kShop, "ReportResource", report);
  world.Settle();
  const uint64_t after_first = world.State(kOwner).version;
  world.SendJson(kShop, "ReportResource", report);
  world.Settle();
  RC_ASSERT(world.State(kOwner).version == after_first);
  RC_ASSERT(after_first >= owner_version);
  RC_ASSERT(world.State(kShop).version >= version);
  CheckAtRest(world);
}

}  // namespace
}  // namespace sluice
