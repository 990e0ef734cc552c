// A sound log is found sound; one that was changed is found out, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/tests/widget.h"
#include "events/binding.gen.h"
#include "machines/clusterconfig/clusterconfig.h"
#include "replay/tests/recorded.h"

namespace sluice::replay {
namespace {

using ::testing::HasSubstr;

Verified VerifyAll(const Archive& archive, bool what_if = false) {
  VerifyOptions options;
  options.build = "test";
  options.what_if = what_if;
  auto verified = Verify(archive, options);
  EXPECT_TRUE(verified) << verified.error().message;
  return *std::move(verified);
}

// The first divergence, which must be there.
Divergence Found(const Archive& archive) {
  const Verified verified = VerifyAll(archive);
  EXPECT_TRUE(verified.first.has_value());
  return verified.first.value_or(Divergence{});
}

class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() {
    RunPoolDry(recorded_);
    recorded_.Send("network/default/extra", "Apply", R"({"spec":{"ipFamilies":["IPv4"]}})", "once");
    recorded_.Send("network/default/extra", "Apply", R"({"spec":{"ipFamilies":["IPv4"]}})", "once");
  }
  // Changes the first decision for which `which` holds.
  std::unique_ptr<MemoryArchive> Changed(const std::function<bool(const LogRecord&)>& which,
                                         const Recorded::Change& change, bool rechain = true) {
    auto changed = std::make_shared<bool>(false);
    auto archive = recorded_.Archive(
        [&, changed](LogRecord& record) {
          if (*changed || !record.decision || !which(record)) return;
          *changed = true;
          position_ = {record.partition, record.sequence};
          change(record);
        },
        rechain);
    EXPECT_TRUE(*changed);
    return archive;
  }

  Recorded recorded_;
  DecisionPosition position_;
};

TEST_F(VerifyTest, ASoundLogIsSound) {
  const auto archive = recorded_.Archive();
  const Verified verified = VerifyAll(*archive, true);
  EXPECT_FALSE(verified.first) << verified.first->message;
  EXPECT_TRUE(verified.what_if.empty()) << verified.what_if.front().difference;
  EXPECT_EQ(verified.records(), archive->End(0) + archive->End(1));
  EXPECT_GT(verified.redecided(), 20u);
  EXPECT_TRUE(AskFor(*archive, "verify")["ok"].get<bool>());
}

TEST_F(VerifyTest, AnEventThatWasChangedShowsInTheStateHash) {
  const auto archive = Changed(
      [](const LogRecord& record) {
        return record.decision->command->entity == "binding/default/web" &&
               !record.decision->events.empty() &&
               record.decision->events.front().payload.type_name() == "BindingCreated";
      },
      [](LogRecord& record) {
        auto created = *record.decision->events.front().payload.As<BindingCreated>();
        created.spec.desired_revision = "v9";
        record.decision->events.front().payload = AnyTable::Of(created);
      });
  const Divergence found = Found(*archive);
  EXPECT_EQ(found.check, "I5");
  EXPECT_EQ(found.position, position_);
  EXPECT_EQ(found.entity, "binding/default/web");
  EXPECT_THAT(found.message, HasSubstr("hashes to"));
  EXPECT_THAT(found.decision_json, HasSubstr("roll-out-v1"));
  ASSERT_FALSE(found.differs.empty());
  EXPECT_THAT(found.differs.front().path, HasSubstr("spec.desiredRevision"));
  EXPECT_EQ(found.differs.front().before, "\"v9\"");
  EXPECT_EQ(found.differs.front().after, "\"v1\"");
  EXPECT_FALSE(found.changed.empty());
  const Json json = AskFor(*archive, "verify");
  EXPECT_FALSE(json["ok"].get<bool>());
  EXPECT_EQ(json["divergence"]["readBy"], "test");
}

TEST_F(VerifyTest, AChainThatIsBrokenIsNamed) {
  const auto archive = Changed([](const LogRecord& record) { return record.sequence == 7; },
                               [](LogRecord& record) { record.decision->time.us += 1; }, false);
  const Divergence found = Found(*archive);
  EXPECT_EQ(found.check, "I3");
  EXPECT_EQ(found.position.sequence, position_.sequence + 1);
}

TEST_F(VerifyTest, AVersionThatSkipsIsNamed) {
  const auto archive = Changed(
      [](const LogRecord& record) {
        return record.decision->verdict == Verdict::kAccepted && record.decision->version == 2;
      },
      [](LogRecord& record) { record.decision->version = 3; });
  const Divergence found = Found(*archive);
  EXPECT_EQ(found.check, "I4");
  EXPECT_EQ(found.position, position_);
}

TEST_F(VerifyTest, AFollowUpOfAnotherContentIsNamed) {
  const auto archive = Changed(
      [](const LogRecord& record) {
        return record.decision->origin->input == Input::kInternal &&
               record.decision->verdict == Verdict::kAccepted &&
               record.decision->command->outcome_number.has_value();
      },
      [](LogRecord& record) { record.decision->command->correlation_id = "another"; });
  const Divergence found = Found(*archive);
  EXPECT_EQ(found.check, "I8");
  EXPECT_EQ(found.position, position_);
  EXPECT_THAT(found.message, HasSubstr("another content"));
}

TEST_F(VerifyTest, ARepeatedIdThatIsSaidToBeNewIsNamed) {
  const auto archive = Changed(
      [](const LogRecord& record) { return record.decision->verdict == Verdict::kDuplicate; },
      [](LogRecord& record) { record.decision->duplicate_of->sequence += 1; });
  const Divergence found = Found(*archive);
  EXPECT_EQ(found.check, "dedup");
  EXPECT_EQ(found.position, position_);
}

TEST_F(VerifyTest, AnEventOfANewerBuildIsNamed) {
  const auto archive = Changed(
      [](const LogRecord& record) {
        return record.decision->verdict == Verdict::kAccepted &&
               record.decision->command->entity == "network/default/shop";
      },
      [](LogRecord& record) {
        record.decision->events.front().payload = AnyTable::Unknown("NetworkFoldedUp", "x");
      });
  const Divergence found = Found(*archive);
  EXPECT_EQ(found.check, "newer build");
  EXPECT_THAT(found.message, HasSubstr("NetworkFoldedUp"));
}

TEST(WhatIf, APlantedChangeOfAMachineIsFoundAndNamed) {
  KindRegistry kinds;
  kinds.Add(WidgetKind());
  kinds.Add(ClusterConfigKind());
  Recorded recorded(2, kinds);
  recorded.Send("widget/default/a", "Apply", "{}");
  for (int i = 1; i <= 5; ++i) {
    recorded.Send("widget/default/a", "Add", fmt::format(R"({{"amount":{}}})", i));
  }
  recorded.Send("widget/default/a", "Add", R"({"amount":-1})");
  recorded.Send("widget/default/a", "Tell", R"({"target":"widget/default/a","times":2})");

  // This build's machine counts double, and forgives what is negative.
  KindInfo changed = WidgetKind();
  for (CommandInfo& command : changed.commands) {
    if (command.type != &TypeOf<AddAmount>()) continue;
    command.decide = [](const EntityState& state, const void* payload,
                        const DecideContext& context) -> DecideResult {
      AddAmount twice = *static_cast<const AddAmount*>(payload);
      if (twice.amount < 0) return NoChange();
      twice.amount *= 2;
      return Decide(static_cast<const Widget&>(state), twice, context);
    };
  }
  KindRegistry after;
  after.Add(changed);
  after.Add(ClusterConfigKind());
  const auto same = recorded.Archive();
  EXPECT_TRUE(VerifyAll(*same, true).what_if.empty());
  const auto archive = recorded.Archive(nullptr, true, &after);
  const Verified verified = VerifyAll(*archive, true);
  EXPECT_FALSE(verified.first);
  ASSERT_EQ(verified.what_if.size(), 2u);
  const WhatIfGroup& doubled = verified.what_if[0];
  EXPECT_EQ(doubled.kind, "widget");
  EXPECT_EQ(doubled.command, "Add");
  EXPECT_EQ(doubled.count, 5u);
  EXPECT_THAT(doubled.difference, HasSubstr("events[0](AmountAdded).amount"));
  EXPECT_EQ(doubled.entity, "widget/default/a");
  EXPECT_EQ(doubled.fields.front().before, "1");
  EXPECT_EQ(doubled.fields.front().after, "2");
  const WhatIfGroup& forgiven = verified.what_if[1];
  EXPECT_EQ(forgiven.difference, "Rejected(InvalidArgument) -> Accepted");
  EXPECT_EQ(forgiven.count, 1u);
}

}  // namespace
}  // namespace sluice::replay
