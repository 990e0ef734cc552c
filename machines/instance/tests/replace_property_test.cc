// Replacements asked for by many, under few keys, in any order, with strangers, deletions and time
// in between.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "machines/common/testing/pick.h"
#include "machines/common/testing/world.h"
#include "machines/instance/instance.h"

namespace sluice {
namespace {

using testing::Pick;
using testing::World;

constexpr char kSpec[] =
    R"({"spec":{"location":{"name":"here"},"runtime":{"process":{"command":["./server"]}}}})";
// What nobody may touch.
constexpr char kStranger[] =
    R"({"spec":{"location":{"name":"there"},"runtime":{"process":{"command":["./other"]}}}})";

std::string AnySource() { return "instance/default/source-" + std::to_string(Pick(0, 2)); }
std::string AnyKey() { return "k-" + std::to_string(Pick(0, 3)); }
// Few names, so that they collide.
std::string AnyName() { return "name-" + std::to_string(Pick(0, 3)); }

std::string RequestFor(const std::string& key) {
  const std::string request =
      Pick(0, 2) == 0 ? R"({"name":")" + AnyName() + R"("})" : R"({"namePrefix":"p"})";
  return R"({"targetRevision":"v)" + std::to_string(Pick(1, 3)) + R"(","idempotencyKey":")" + key +
         R"(","replacement":{"principal":{"id":"u","type":"user"},"request":)" + request + "}}";
}

void DoSomething(World& world) {
  const std::string named = "instance/default/" + AnyName();
  switch (Pick(0, 8)) {
    case 0:
      world.SendJson(AnySource(), "Apply", kSpec);
      break;
    case 1:
      world.SendJson(AnySource(), "Delete", "{}");
      break;
    case 2:
      world.SendJson(named, "Delete", "{}");
      break;
    case 3:
      if (!world.Exists(named)) world.SendJson(named, "Apply", kStranger);
      break;
    default:
      world.SendJson(AnySource(), "Replace", RequestFor(AnyKey()));
  }
}

// At most one instance has a lineage; strangers are as they were made.
void CheckAtRest(const World& world) {
  std::set<std::string> lineages;
  for (const std::string& entity : world.EntityKeys()) {
    if (!entity.starts_with("instance/") || !world.Exists(entity)) continue;
    const Instance& instance = world.As<Instance>(entity);
    if (instance.spec->location.name == "there") {
      EXPECT_FALSE(instance.spec->lineage.has_value()) << "a stranger was adopted";
      EXPECT_EQ(instance.metadata->generation, 1);
      continue;
    }
    EXPECT_FALSE(instance.IsDeleting()) << "no provider holds it";
    if (!instance.spec->lineage) continue;
    const ReplacementLineage& lineage = *instance.spec->lineage;
    EXPECT_TRUE(lineages.insert(lineage.source_name + " " + lineage.idempotency_key).second)
        << "two replacements of " << lineage.source_name << " under " << lineage.idempotency_key;
    EXPECT_EQ(instance.metadata->annotations.at(kRevisionAnnotation), lineage.target_revision);
  }
}

RC_GTEST_PROP(ReplaceProperty, OneReplacementAKeyAndNobodyElsesInstance, ()) {
  World world(BuiltinKinds());
  world.deliver_to = {"instance"};
  world.pick = [](size_t queues) { return Pick<size_t>(0, queues); };
  const int steps = Pick(1, 40);
  for (int i = 0; i < steps; ++i) {
    DoSomething(world);
    if (Pick(0, 3) > 0) world.Settle();
  }
  world.Settle();
  CheckAtRest(world);
  // A replay names what is there, and makes nothing new.
  const std::string source = AnySource();
  const std::string request = RequestFor(AnyKey());
  const auto replacement = [&]() -> std::string {
    world.SendJson(source, "Replace", request);
    world.Settle();
    for (auto at = world.decisions().rbegin(); at != world.decisions().rend(); ++at) {
      const auto* answered = at->command->payload.As<Answered>();
      if (!answered) continue;
      const auto* reply = answered->result->reply.As<ReplaceAnswered>();
      return reply ? reply->replacement.name : "";
    }
    return "";
  };
  const std::string first = replacement();
  RC_ASSERT(replacement() == first);
  CheckAtRest(world);
}

}  // namespace
}  // namespace sluice
