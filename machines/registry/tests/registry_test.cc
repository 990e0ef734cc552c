#include "machines/registry/registry.h"

#include <gtest/gtest.h>

#include "machines/clusterconfig/clusterconfig.h"
#include "machines/common/testing/world.h"
#include "machines/pullrequest/pullrequest.h"

namespace sluice {
namespace {

using testing::World;

// A claim is made by an entity, so the test speaks as one: a follow-up with a source.
class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest() {
    kinds_.Add(RegistryKind());
    kinds_.Add(ClusterConfigKind());
  }
  template <class C>
  Decision SendAs(std::string_view sender, C command) {
    return world_.SendFrom(sender, kRegistry, std::move(command));
  }
  const Registry& registry() { return world_.As<Registry>(kRegistry); }

  static constexpr std::string_view kRegistry = "registry/default/bindingkey-x";
  KindRegistry kinds_;
  World world_{kinds_};
};

const ClaimAnswered& AnswerIn(const Decision& decision, size_t index = 0) {
  return *decision.effects.follow_ups.at(index).command->payload.As<ClaimAnswered>();
}

TEST_F(RegistryTest, TheFirstClaimantHoldsTheKey) {
  const Decision first = SendAs("registry/default/a", ClaimKey{.key = "k", .uid = "u1"});
  EXPECT_TRUE(AnswerIn(first).granted);
  const Decision second = SendAs("registry/default/b", ClaimKey{.key = "k", .uid = "u2"});
  EXPECT_FALSE(AnswerIn(second).granted);
  EXPECT_EQ(AnswerIn(second).holder, "registry/default/a");
  EXPECT_EQ(registry().status.claims, 1u);
}

TEST_F(RegistryTest, AReleasedKeyGoesToWhoeverWaitedLongest) {
  SendAs("registry/default/a", ClaimKey{.key = "k", .uid = "u1"});
  SendAs("registry/default/b", ClaimKey{.key = "k", .uid = "u2"});
  SendAs("registry/default/c", ClaimKey{.key = "k", .uid = "u3"});
  const Decision released = SendAs("registry/default/a", ReleaseKey{.key = "k"});
  ASSERT_EQ(released.effects.follow_ups.size(), 1u);
  EXPECT_EQ(released.effects.follow_ups[0].command->entity, "registry/default/b");
  EXPECT_TRUE(AnswerIn(released).granted);
  SendAs("registry/default/c", ReleaseKey{.key = "k"});
  EXPECT_TRUE(SendAs("registry/default/b", ReleaseKey{.key = "k"}).effects.follow_ups.empty());
  EXPECT_EQ(registry().status.claims, 0u);
}

TEST_F(RegistryTest, NobodyReleasesWhatIsAnothers) {
  SendAs("registry/default/a", ClaimKey{.key = "k", .uid = "u1"});
  EXPECT_TRUE(SendAs("registry/default/b", ReleaseKey{.key = "k"}).events.empty());
  EXPECT_EQ(registry().status.claims, 1u);
}

TEST_F(RegistryTest, WithItsLastClaimItGoesUnlessSomebodyWatchesOrLabelledIt) {
  const auto claim_and_release = [&] {
    SendAs("registry/default/a", ClaimKey{.key = "k", .uid = "u1"});
    SendAs("registry/default/a", ReleaseKey{.key = "k"});
    return registry().Exists();
  };
  EXPECT_FALSE(claim_and_release());
  SendAs("registry/default/a", ClaimKey{.key = "k", .uid = "u1"});
  SendAs("registry/default/w", Observe{.observer = "registry/default/w"});
  EXPECT_TRUE(claim_and_release());
  SendAs("registry/default/w", Unobserve{.observer = "registry/default/w"});
  EXPECT_FALSE(claim_and_release());
  SendAs("registry/default/a", ClaimKey{.key = "k", .uid = "u1"});
  SendAs("registry/default/a", Annotate{.labels = {{"kept", "yes"}}});
  EXPECT_TRUE(claim_and_release());
}

TEST_F(RegistryTest, ClaimingAgainIsTheSameGrant) {
  SendAs("registry/default/a", ClaimKey{.key = "k", .uid = "u1"});
  const Decision again = SendAs("registry/default/a", ClaimKey{.key = "k", .uid = "u1"});
  EXPECT_TRUE(again.events.empty());
  EXPECT_TRUE(AnswerIn(again).granted);
}

TEST_F(RegistryTest, MembershipIsObserved) {
  SendAs("registry/default/watcher", Observe{.observer = "registry/default/watcher"});
  const Decision joined =
      SendAs("registry/default/m", JoinRegistry{.uid = "u", .labels = {{"city", "DFW"}}});
  ASSERT_EQ(joined.effects.follow_ups.size(), 1u);
  const auto& seen = *joined.effects.follow_ups[0].command->payload.As<Observed>();
  EXPECT_EQ(seen.detail.As<RegistryDetail>()->members, 1u);
  SendAs("registry/default/m", LeaveRegistry{});
  EXPECT_EQ(registry().status.members, 0u);
}

TEST_F(RegistryTest, AFanOutOverManyObserversGoesOnAndSendsThePresentState) {
  constexpr int kWatchers = 450;
  for (int i = 0; i < kWatchers; ++i) {
    const std::string watcher = "registry/default/w" + std::to_string(i);
    SendAs(watcher, Observe{.observer = watcher});
  }
  world_.Settle();
  const size_t before = world_.decisions().size();
  SendAs("registry/default/m", JoinRegistry{.uid = "u", .labels = {}});
  // A change while the fan-out runs marks it dirty; it starts again and everyone sees the last
  // state.
  SendAs("registry/default/n", JoinRegistry{.uid = "u", .labels = {}});
  world_.Settle();
  std::map<std::string, uint64_t> last_seen;
  for (size_t i = before; i < world_.decisions().size(); ++i) {
    const Decision& decision = world_.decisions()[i];
    if (const auto* seen = decision.command->payload.As<Observed>()) {
      EXPECT_GE(seen->version, last_seen[decision.command->entity]);
      last_seen[decision.command->entity] = seen->version;
    }
    EXPECT_LE(decision.effects.follow_ups.size(), kObserversPerDecision + 2);
  }
  EXPECT_EQ(last_seen.size(), static_cast<size_t>(kWatchers));
  for (const auto& [watcher, version] : last_seen)
    EXPECT_EQ(version, registry().version) << watcher;
  EXPECT_FALSE(registry().relations.fan_out_running);
}

TEST(ClusterConfig, AChangeGoesToEveryPartition) {
  KindRegistry kinds;
  kinds.Add(ClusterConfigKind());
  World world(kinds, 3);
  ClusterConfigApply apply;
  apply.spec.retry_first = Duration::Seconds(7);
  const Decision decision = world.Send(kClusterConfigKey, apply);
  ASSERT_EQ(decision.effects.follow_ups.size(), 3u);
  const auto& adopt = *decision.effects.follow_ups[2].command->payload.As<AdoptSettings>();
  EXPECT_EQ(adopt.settings.retry_first, Duration::Seconds(7));
  EXPECT_EQ(adopt.settings.retry_last, Duration::Minutes(5));
}

TEST(ClusterConfig, RefusesAllFaultsAtOnce) {
  KindRegistry kinds;
  kinds.Add(ClusterConfigKind());
  World world(kinds);
  ClusterConfigApply apply;
  apply.spec.level = kLevel + 1;
  apply.spec.notify_url = "ftp://nowhere";
  apply.spec.stuck_deadlines = {{"binding", "soon"}};
  const Decision decision = world.Send(kClusterConfigKey, apply);
  ASSERT_EQ(decision.verdict, Verdict::kRejected);
  EXPECT_NE(decision.rejection->message.find("spec.level"), std::string::npos);
  EXPECT_NE(decision.rejection->message.find("spec.notifyUrl"), std::string::npos);
  EXPECT_NE(decision.rejection->message.find("spec.stuckDeadlines.binding"), std::string::npos);
}

TEST(Level, StaysWhereNoneIsNamedAndIsNeverLowered) {
  KindRegistry kinds;
  kinds.Add(ClusterConfigKind());
  World world(kinds);
  world.settings.level = 1;
  const auto adopted = [&](uint32_t level) {
    ClusterConfigApply apply;
    apply.spec.level = level;
    apply.spec.retry_first = Duration::Seconds(static_cast<int64_t>(world.decisions().size()) + 1);
    const Decision decision = world.Send(kClusterConfigKey, apply);
    if (decision.effects.follow_ups.empty()) return decision.rejection->message;
    const auto* adopt = decision.effects.follow_ups.front().command->payload.As<AdoptSettings>();
    return std::to_string(adopt->settings.level);
  };
  EXPECT_EQ(adopted(0), "1");
  EXPECT_EQ(adopted(2), "2");
  world.settings.level = 2;
  EXPECT_EQ(adopted(0), "2");
  EXPECT_EQ(adopted(1), "spec.level: is 1; 2 is written already, and stays");
}

TEST(Level, NothingBeyondItIsWritten) {
  World world(BuiltinKinds());
  world.deliver = false;
  world.settings.level = 1;
  constexpr const char* kRequest = "pullrequest/default/acme--shop--42";
  PullRequestApply apply;
  apply.spec.repository = "acme/shop";
  apply.spec.number = 42;
  const auto made = world.Send(kRequest, apply);
  const std::string uid = made.events.front().payload.As<PullRequestCreated>()->uid;
  const ClaimAnswered answer{.key = "acme/shop#42", .granted = true, .uid = uid};
  EXPECT_THROW(world.SendFrom("registry/sluice-system/x", kRequest, answer), InvariantViolation);
  world.settings.level = 2;
  EXPECT_EQ(world.SendFrom("registry/sluice-system/x", kRequest, answer).events.size(), 1u);
}

TEST_F(RegistryTest, IsNotDeletedWhileSomethingIsHeld) {
  SendAs("registry/default/a", ClaimKey{.key = "k", .uid = "u1"});
  SendAs("registry/default/m", JoinRegistry{.uid = "u2", .labels = {}});
  EXPECT_EQ(world_.Send(kRegistry, Delete{}).rejection->code, RejectionCode::kFailedPrecondition);
  SendAs("registry/default/a", ReleaseKey{.key = "k"});
  SendAs("registry/default/m", LeaveRegistry{});
  world_.Send(kRegistry, Delete{});
  EXPECT_FALSE(registry().Exists());
  SendAs("registry/default/a", ClaimKey{.key = "k", .uid = "u1"});
  EXPECT_EQ(registry().status.claims, 1u);
}

}  // namespace
}  // namespace sluice
