// A fork with nothing changed is the original, byte by byte; a change reaches what follows from it
// and nothing else.
#include "replay/fork.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replay/tests/recorded.h"

namespace sluice::replay {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ForkTest : public ::testing::Test {
 protected:
  ForkTest() {
    RunPoolDry(recorded_);
    recorded_.Advance(Duration::Minutes(1));
    recorded_.Send("network/default/default", "Delete", "{}", "make-room");
    recorded_.Advance(Duration::Minutes(6));
    archive_ = recorded_.Archive();
  }
  Forked Fork(const ForkChanges& changes) {
    auto forked = MakeFork(*archive_, changes, nullptr);
    EXPECT_TRUE(forked) << forked.error().message;
    return forked ? std::move(*forked) : Forked{};
  }
  Json ReadyIn(const Archive& archive, const std::string& entity) {
    return AskFor(archive, "why", {{"entity", entity}})["value"];
  }

  Recorded recorded_;
  std::unique_ptr<MemoryArchive> archive_;
};

TEST_F(ForkTest, WithNothingChangedItIsTheOriginal) {
  const Forked forked = Fork({});
  EXPECT_TRUE(forked.report.identical);
  EXPECT_EQ(forked.report.decisions, forked.report.original);
  const auto differences = CompareEnds(*archive_, *forked.archive);
  ASSERT_TRUE(differences);
  EXPECT_THAT(*differences, IsEmpty());
}

TEST_F(ForkTest, ADroppedCommandTakesWhatFollowedFromItAlong) {
  const Forked forked = Fork({.drop = {"make-room"}, .edit = {}, .insert = {}, .delay = {}});
  EXPECT_FALSE(forked.report.identical);
  EXPECT_THAT(forked.report.applied, Contains("dropped make-room"));
  const Json verified = AskFor(*forked.archive, "verify");
  EXPECT_FALSE(verified.contains("divergence")) << verified.dump(1);
  // The network that was deleted is there, so there is no room for the other one.
  EXPECT_EQ(ReadyIn(*archive_, "network/default/shop")["status"], "True");
  EXPECT_EQ(ReadyIn(*forked.archive, "network/default/shop")["reason"], "AddressPoolExhausted");
  const auto differences = CompareEnds(*archive_, *forked.archive);
  ASSERT_TRUE(differences);
  bool found = false;
  for (const ForkDifference& difference : *differences) {
    if (difference.entity != "network/default/default") continue;
    found = true;
    EXPECT_EQ(difference.change, ForkDifference::Change::kOnlyInFork);
  }
  EXPECT_TRUE(found);
}

TEST_F(ForkTest, AnEditedCommandIsDecidedAsEdited) {
  ForkChanges changes;
  changes.edit["roll-out-v1"] =
      R"({"spec":{"bindingKey":"team-a/web","desiredRevision":"v7","template":{"presetId":"web",
          "spec":{"location":{"name":"here"},"networkInterfaces":[{"network":{"name":"default"}}],
          "runtime":{"process":{"command":["./web"]}}}}}})";
  const Forked forked = Fork(changes);
  const Json why = AskFor(*forked.archive, "why",
                          {{"entity", "binding/default/web"}, {"field", "spec.desiredRevision"}});
  EXPECT_EQ(why["value"], "v7");
  EXPECT_FALSE(AskFor(*forked.archive, "verify").contains("divergence"));
}

TEST_F(ForkTest, ACommandIsInsertedOrComesLater) {
  ForkChanges changes;
  const auto created = ItemsOf(*archive_, "history", {{"entity", "binding/default/web"}});
  changes.insert.emplace(created[0]["position"],
                         R"({"entity":"network/default/default","command":"Delete","payload":{}})");
  const Forked early = Fork(changes);
  EXPECT_THAT(early.report.applied[0], HasSubstr("inserted before"));
  EXPECT_FALSE(AskFor(*early.archive, "verify").contains("divergence"));

  ForkChanges late;
  late.delay["make-room"] = Duration::Minutes(3);
  const Forked delayed = Fork(late);
  const auto when = [](const Archive& archive) {
    return ItemsOf(archive, "history",
                   {{"entity", "network/default/default"}, {"command", "Delete"}})[0]["time"]
        .get<std::string>();
  };
  EXPECT_EQ(*ParseTime(when(*delayed.archive)) - *ParseTime(when(*archive_)), Duration::Minutes(3));
  EXPECT_FALSE(AskFor(*delayed.archive, "verify").contains("divergence"));
}

std::string RefusedFork(const Archive& archive, const ForkChanges& changes) {
  const auto forked = MakeFork(archive, changes, nullptr);
  if (forked) return "";
  EXPECT_EQ(forked.error().code, ErrorCode::kInvalid);
  return forked.error().message;
}
ForkChanges Dropping(const std::string& name) {
  return {.drop = {name}, .edit = {}, .insert = {}, .delay = {}};
}

TEST_F(ForkTest, AChangeOfNothingIsRefused) {
  EXPECT_THAT(RefusedFork(*archive_, Dropping("nobody")), HasSubstr("'nobody'"));
  EXPECT_THAT(RefusedFork(*archive_, Dropping("0:99999")), HasSubstr("drop 0:99999: "));
  ForkChanges changes;
  changes.insert.emplace("nowhere", "{}");
  EXPECT_THAT(RefusedFork(*archive_, changes), HasSubstr("insert nowhere: is no position"));
}

TEST_F(ForkTest, WhatIsNoCommandFromOutsideIsSaidWithWhatLedToIt) {
  const auto position_of = [&](const char* entity, const char* command) {
    return ItemsOf(*archive_, "history", {{"entity", entity}, {"command", command}})[0]["position"]
        .get<std::string>();
  };
  const std::string observed = position_of("binding/default/web", "Observed");
  const std::string refused = RefusedFork(*archive_, Dropping(observed));
  EXPECT_THAT(refused, HasSubstr("drop " + observed +
                                 ": it is a follow-up to binding/default/web (Observed from "));
  EXPECT_THAT(refused, HasSubstr("no command from outside; Apply of binding/default/web at "));

  // By its id, too.
  const auto position = ParsePosition(observed, archive_->partitions());
  const std::string id = archive_->Record(*position)->decision->command->id;
  EXPECT_THAT(RefusedFork(*archive_, Dropping(id)),
              HasSubstr(id + ": " + observed + " is a follow-up"));
  EXPECT_THAT(RefusedFork(*archive_, Dropping("0:0")), HasSubstr("it is the beginning of a term"));
}

TEST_F(ForkTest, ADelayIsNotNegative) {
  ForkChanges changes;
  changes.delay["make-room"] = -Duration::Seconds(5);
  EXPECT_THAT(RefusedFork(*archive_, changes), HasSubstr("delay make-room: '-5s' is negative"));
}

TEST_F(ForkTest, AnEditThatIsNoJsonIsSaidByItsOwnColumns) {
  ForkChanges changes;
  changes.edit["roll-out-v1"] = R"({"spec": oops})";
  EXPECT_THAT(RefusedFork(*archive_, changes), HasSubstr("column 10"));
}

TEST_F(ForkTest, AnIdUsedAgainIsSaidOnceWithHowOften) {
  for (int i = 0; i < 2; ++i) {
    recorded_.Send("network/default/default", "Delete", "{}", "make-room");
  }
  archive_ = recorded_.Archive();
  EXPECT_THAT(Fork(Dropping("make-room")).report.applied,
              ::testing::ElementsAre("dropped make-room (3 times)"));
}

TEST_F(ForkTest, APartOfALogIsRefused) {
  const auto part = std::make_unique<MemoryArchive>(BuiltinKinds(), 2, false);
  EXPECT_THAT(RefusedFork(*part, {}), HasSubstr("a part of a log cannot be forked: it does not"));
  // An export of it is a part, too.
  EXPECT_FALSE(ItemsOf(*part, "export")[0]["complete"].get<bool>());
}

}  // namespace
}  // namespace sluice::replay
