#include "machines/location/location.h"

#include <gtest/gtest.h>

#include "machines/common/testing/world.h"
#include "machines/registry/registry.h"

namespace sluice {
namespace {

constexpr char kHere[] = "location/default/here";

class LocationTest : public ::testing::Test {
 protected:
  void Apply(const char* spec) {
    const Decision decision =
        world_.SendJson(kHere, "Apply", std::string(R"({"spec":)") + spec + "}");
    ASSERT_EQ(decision.verdict, Verdict::kAccepted) << decision.rejection->message;
    world_.Settle();
  }
  Decision Acquire(const std::string& holder, const char* entity = kHere) {
    return world_.SendAndSettle(entity, AcquireLease{.provider = "local", .holder = holder});
  }
  static uint64_t Term(const Decision& decision) {
    const auto* granted = decision.reply.As<LeaseGranted>();
    return granted ? granted->term : 0;
  }
  const Location& Here() const { return world_.As<Location>(kHere); }
  const Condition& Ready() const { return *FindCondition(Here().status.conditions, "Ready"); }

  testing::World world_{BuiltinKinds()};
};

constexpr char kDallas[] =
    R"({"topology":{"topology.datum.net/city-code":"DFW"},"provider":"local"})";

TEST_F(LocationTest, JoinsTheLocationsOfItsNamespaceAndLeavesThem) {
  Apply(kDallas);
  const auto locations = [this]() -> const Registry& {
    return world_.As<Registry>("registry/default/locations");
  };
  const auto member = locations().items.Get<MemberItem>(RegistryMachine::kMembers, kHere);
  ASSERT_TRUE(member);
  EXPECT_EQ(member->uid, Here().metadata.uid);
  EXPECT_EQ(member->labels.at("topology.datum.net/city-code"), "DFW");

  Apply(R"({"topology":{"topology.datum.net/city-code":"AMS"},"provider":"local"})");
  EXPECT_EQ(locations()
                .items.Get<MemberItem>(RegistryMachine::kMembers, kHere)
                ->labels.at("topology.datum.net/city-code"),
            "AMS");

  world_.SendAndSettle(kHere, Delete{});
  EXPECT_FALSE(world_.Exists(kHere));
  EXPECT_FALSE(locations().items.Has(RegistryMachine::kMembers, kHere));
}

TEST_F(LocationTest, IsReadyWhileAProviderHoldsItsLease) {
  Apply(kDallas);
  EXPECT_EQ(Ready().reason, "NoProvider");
  EXPECT_EQ(Here().status.phase, LocationPhase::kPending);
  EXPECT_EQ(Term(Acquire("host-a")), 1u);
  EXPECT_EQ(Ready().status, ConditionStatus::kTrue);
  EXPECT_EQ(Here().status.phase, LocationPhase::kReady);
  EXPECT_EQ(Here().status.lease.holder, "host-a");
  EXPECT_EQ(Here().status.lease.acquired_at, world_.now());
}

TEST_F(LocationTest, GivesTheSameHolderTheNextTermAtOnce) {
  Apply(kDallas);
  EXPECT_EQ(Term(Acquire("host-a")), 1u);
  EXPECT_EQ(Term(Acquire("host-a")), 2u);
}

TEST_F(LocationTest, RefusesAnotherHolderAndSaysWhatToDo) {
  Apply(kDallas);
  Acquire("host-a");
  const Decision refused = Acquire("host-b");
  ASSERT_EQ(refused.verdict, Verdict::kRejected);
  EXPECT_EQ(refused.rejection->code, RejectionCode::kFailedPrecondition);
  EXPECT_NE(refused.rejection->message.find("host-a"), std::string::npos);
  EXPECT_NE(refused.rejection->message.find("sluice provider take-over default/here"),
            std::string::npos);
}

TEST_F(LocationTest, PassesByReleaseOfThePresentTermOnly) {
  Apply(kDallas);
  Acquire("host-a");
  Acquire("host-a");
  EXPECT_EQ(world_.Send(kHere, ReleaseLease{.holder = "host-a", .term = 1}).verdict,
            Verdict::kIgnored);
  EXPECT_EQ(world_.Send(kHere, ReleaseLease{.holder = "host-b", .term = 2}).verdict,
            Verdict::kIgnored);
  EXPECT_EQ(world_.Send(kHere, ReleaseLease{.holder = "host-a", .term = 2}).verdict,
            Verdict::kAccepted);
  EXPECT_EQ(Here().status.phase, LocationPhase::kPending);
  EXPECT_EQ(Term(Acquire("host-b")), 3u);
}

TEST_F(LocationTest, IsTakenOverUnderTheNextTerm) {
  Apply(kDallas);
  Acquire("host-a");
  const Decision taken =
      world_.SendAndSettle(kHere, TakeOverLease{.provider = "local", .holder = "host-b"});
  EXPECT_EQ(Term(taken), 2u);
  EXPECT_EQ(Here().status.lease.holder, "host-b");
}

TEST_F(LocationTest, IsNotFoundButInTheSystemNamespace) {
  EXPECT_EQ(Acquire("host-a").rejection->code, RejectionCode::kNotFound);
  constexpr char kSystem[] = "location/sluice-system/github";
  const Decision made =
      world_.SendAndSettle(kSystem, AcquireLease{.provider = "github", .holder = "bot"});
  EXPECT_EQ(Term(made), 1u);
  EXPECT_EQ(world_.As<Location>(kSystem).spec.provider, "github");
}

TEST_F(LocationTest, TermsGoOnWhenItIsMadeAnew) {
  Apply(kDallas);
  Acquire("host-a");
  world_.SendAndSettle(kHere, Delete{});
  Apply(kDallas);
  EXPECT_EQ(Here().status.lease.holder, "");
  EXPECT_EQ(Term(Acquire("host-b")), 2u);
}

TEST_F(LocationTest, RefusesAProviderThatIsNotItsOwn) {
  Apply(kDallas);
  const Decision refused =
      world_.Send(kHere, AcquireLease{.provider = "github", .holder = "host-a"});
  EXPECT_EQ(refused.rejection->field, "spec.provider");
  const Decision nameless = world_.Send(kHere, AcquireLease{});
  EXPECT_EQ(nameless.rejection->code, RejectionCode::kInvalidArgument);
  EXPECT_NE(nameless.rejection->message.find("payload.holder"), std::string::npos);
  const Decision changed = world_.SendJson(kHere, "Apply", R"({"spec":{"provider":"other"}})");
  EXPECT_EQ(changed.rejection->code, RejectionCode::kImmutable);
}

TEST_F(LocationTest, KeepsAnUpstreamProviderObjectAsGiven) {
  Apply(R"({"provider":"gcp","providerDetails":{"gcp":{"zone":"a","project":"p"}}})");
  EXPECT_EQ(Here().spec.provider_details, R"({"gcp":{"project":"p","zone":"a"}})");
}

TEST_F(LocationTest, TellsObserversTheLeaseItIsServedUnder) {
  Apply(kDallas);
  Acquire("host-a");
  const AnyTable detail = LocationMachine::Detail(Here());
  const auto* seen = detail.As<LocationDetail>();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->lease_term, 1u);
  EXPECT_EQ(seen->holder, "host-a");
  EXPECT_EQ(seen->provider, "local");
}

// Each that left was told to all that were left: of a hundred, five thousand decisions for ever.
TEST_F(LocationTest, WhoLeavesADeletedOneIsNotToldToAllThatAreLeft) {
  Apply(kDallas);
  const auto name = [](int i) { return "instance/default/i" + std::to_string(i); };
  constexpr int kInstances = 30;
  for (int i = 0; i < kInstances; ++i) {
    world_.SendJson(
        name(i), "Apply",
        R"({"spec":{"location":{"name":"here"},"runtime":{"process":{"command":["./a"]}}}})");
    world_.Settle();
  }
  world_.SendAndSettle(kHere, Delete{});
  EXPECT_EQ(Here().status.holders.size(), 10u);
  const size_t before = world_.decisions().size();
  for (int i = 0; i < kInstances; ++i) world_.SendAndSettle(name(i), Delete{});
  EXPECT_FALSE(world_.Exists(kHere));
  // Delete, Unobserve, ContinueDeletion, and the end of the last.
  EXPECT_LE(world_.decisions().size() - before, 3u * kInstances + 3);
}

}  // namespace
}  // namespace sluice
