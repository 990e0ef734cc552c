// Claims, releases, joins and leaves in any order, against the plainest model there is: a key has
// one holder, the next is whoever waited longest, and members are found by what they say of
// themselves.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "machines/common/testing/pick.h"
#include "machines/common/testing/world.h"
#include "machines/registry/registry.h"

namespace sluice {
namespace {

using testing::Below;
using testing::OneOf;
using testing::World;

constexpr char kRegistry[] = "registry/default/locations";
const std::vector<std::string> kAskers = {"location/default/a", "location/default/b",
                                          "location/default/c", "location/default/d"};
const std::vector<std::string> kKeys = {"k", "key", ""};
const std::vector<std::string> kCities = {"DFW", "LHR"};

struct Model {
  std::map<std::string, std::vector<std::string>> queues;  // The first one holds the key.
  std::map<std::string, std::string> members;              // Their city.
};

// Who was told what of which key, in order.
std::vector<std::string> Answers(const Decision& decision) {
  std::vector<std::string> answers;
  for (const FollowUp& follow_up : decision.effects.follow_ups) {
    const auto* answer = follow_up.command->payload.As<ClaimAnswered>();
    if (!answer) continue;
    answers.push_back(
        fmt::format("{} {} {}", follow_up.command->entity, answer->granted, answer->holder));
  }
  return answers;
}

void CheckFound(World& world, const Model& model) {
  const Decision decision =
      world.SendFrom("workload/default/w", kRegistry,
                     FindMembers{.label = "city", .values = kCities, .members = kAskers});
  const auto& found = *decision.effects.follow_ups.front().command->payload.As<MembersFound>();
  std::vector<std::string> there;
  std::map<std::string, std::string> first;  // By city.
  for (const auto& [member, city] : model.members) {
    there.push_back(member);
    first.try_emplace(city, member);
  }
  RC_ASSERT(found.count == there.size());
  RC_ASSERT(found.members == there);
  std::map<std::string, std::string> matches;
  for (const MemberMatch& match : found.matches) matches[match.value] = match.member;
  RC_ASSERT(matches == first);
}

RC_GTEST_PROP(RegistryProperty, IsWhatTheModelSays, ()) {
  World world(BuiltinKinds());
  world.deliver = false;
  Model model;
  const size_t steps = Below(80);
  for (size_t i = 0; i < steps; ++i) {
    const std::string asker = OneOf(kAskers);
    const std::string key = OneOf(kKeys);
    auto& queue = model.queues[key];
    const auto place = std::find(queue.begin(), queue.end(), asker);
    switch (Below(4)) {
      case 0: {
        if (place == queue.end()) queue.push_back(asker);
        const bool granted = queue.front() == asker;
        const Decision decision =
            world.SendFrom(asker, kRegistry, ClaimKey{.key = key, .uid = "u"});
        RC_ASSERT(Answers(decision) ==
                  std::vector{fmt::format("{} {} {}", asker, granted, queue.front())});
        break;
      }
      case 1: {
        const bool held = place == queue.begin() && place != queue.end();
        if (place != queue.end()) queue.erase(place);
        std::vector<std::string> told;
        if (held && !queue.empty()) told = {fmt::format("{0} true {0}", queue.front())};
        RC_ASSERT(Answers(world.SendFrom(asker, kRegistry, ReleaseKey{.key = key})) == told);
        break;
      }
      case 2: {
        const std::string city = OneOf(kCities);
        world.SendFrom(asker, kRegistry, JoinRegistry{.uid = "u", .labels = {{"city", city}}});
        model.members[asker] = city;
        break;
      }
      default:
        world.SendFrom(asker, kRegistry, LeaveRegistry{});
        model.members.erase(asker);
    }
    const auto& registry = world.As<Registry>(kRegistry);
    const auto held = std::count_if(model.queues.begin(), model.queues.end(),
                                    [](const auto& entry) { return !entry.second.empty(); });
    RC_ASSERT(registry.status.claims == static_cast<uint64_t>(held));
    RC_ASSERT(registry.status.members == model.members.size());
    CheckFound(world, model);
  }
}

}  // namespace
}  // namespace sluice
