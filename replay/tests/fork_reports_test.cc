// Providers' reports in a fork: one is used where the fork asks for the same, as long after that as
// in the record, and nowhere else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replay/fork.h"
#include "replay/tests/recorded.h"

namespace sluice::replay {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string RollOut(const std::string& revision, const std::string& binary) {
  return R"({"spec":{"bindingKey":"team-a/web","desiredRevision":")" + revision +
         R"(","template":{"presetId":"web","spec":{"location":{"name":"here"},
            "runtime":{"process":{"command":[")" +
         binary + R"("]}}}}}})";
}

// An instance that its provider programmed, started and found ready, a second each.
class ForkReportsTest : public ::testing::Test {
 protected:
  ForkReportsTest() {
    recorded_.Send("location/default/here", "Apply", R"({"spec":{"provider":"local"}})");
    recorded_.Send("binding/default/web", "Apply", RollOut("v1", "./web"), "roll-out");
    recorded_.Advance(Duration::Millis(500));
    for (uint32_t partition = 0; partition < 2; ++partition) {
      for (const LogRecord& record : recorded_.cluster().Log(partition)) {
        if (!record.decision || !record.decision->command) continue;
        const std::string& entity = record.decision->command->entity;
        if (entity.starts_with("instance/")) instance_ = entity;
      }
    }
    for (const char* report : {"ReportProgrammed", "ReportRunning", "ReportReadiness"}) {
      recorded_.Advance(Duration::Seconds(1));
      recorded_.Send(instance_, report, R"({"status":"True","reason":"Done"})", report,
                     "provider/local");
    }
    archive_ = recorded_.Archive();
  }

  Forked Fork(const ForkChanges& changes) {
    auto forked = MakeFork(*archive_, changes, nullptr);
    EXPECT_TRUE(forked) << forked.error().message;
    if (!forked) return {};
    EXPECT_FALSE(AskFor(*forked->archive, "verify").contains("divergence"));
    return std::move(*forked);
  }
  static bool IsReady(const Archive& archive) {
    const std::string ready = "status.conditions[type=Ready].status";
    return AskFor(archive, "why", {{"entity", "binding/default/web"}, {"field", ready}})["value"] ==
           "True";
  }
  Time TimeOf(const Archive& archive, const std::string& command) {
    const auto found = ItemsOf(archive, "history", {{"entity", instance_}, {"command", command}});
    EXPECT_EQ(found.size(), 1u) << command;
    return found.empty() ? Time{} : *ParseTime(found[0]["time"].get<std::string>());
  }

  Recorded recorded_;
  std::string instance_;
  std::unique_ptr<MemoryArchive> archive_;
};

TEST_F(ForkReportsTest, WithNothingChangedItIsTheOriginal) {
  EXPECT_TRUE(IsReady(*archive_));
  EXPECT_TRUE(Fork({}).report.identical);
}

TEST_F(ForkReportsTest, AReportOnAnotherSpecIsLeftOutAndMissing) {
  ForkChanges changes;
  changes.edit["roll-out"] = RollOut("v1", "./another");
  const Forked forked = Fork(changes);
  std::vector<std::string> left_out;
  for (const auto& one : forked.report.left_out) left_out.push_back(one.command);
  EXPECT_THAT(left_out,
              ::testing::ElementsAre("ReportProgrammed", "ReportRunning", "ReportReadiness"));
  EXPECT_THAT(forked.report.missing, Contains("ProgramInstance of " + instance_));
  EXPECT_FALSE(IsReady(*forked.archive));
}

TEST_F(ForkReportsTest, WhatIsPendingInBothIsMissingWhereTheSpecIsAnother) {
  ForkChanges changes;
  changes.drop = {"ReportProgrammed", "ReportRunning", "ReportReadiness"};
  const Forked unprogrammed = Fork(changes);
  ForkChanges edit;
  edit.edit["roll-out"] = RollOut("v1", "./another");
  const auto another = MakeFork(*unprogrammed.archive, edit, nullptr);
  ASSERT_TRUE(another) << another.error().message;
  EXPECT_THAT(another->report.missing, Contains("ProgramInstance of " + instance_));
}

TEST_F(ForkReportsTest, AReportOnTheSameSpecIsUsed) {
  ForkChanges changes;
  changes.edit["roll-out"] = RollOut("v7", "./web");
  const Forked forked = Fork(changes);
  EXPECT_THAT(forked.report.left_out, IsEmpty());
  EXPECT_TRUE(IsReady(*forked.archive));
}

TEST_F(ForkReportsTest, AReportIsDelayedWithItsCause) {
  // Within the record, and beyond its end.
  for (const Duration by : {Duration::Millis(1'500), Duration::Minutes(5)}) {
    ForkChanges changes;
    changes.delay["roll-out"] = by;
    const Forked forked = Fork(changes);
    EXPECT_THAT(forked.report.left_out, IsEmpty());
    EXPECT_THAT(forked.report.missing, IsEmpty());
    EXPECT_TRUE(IsReady(*forked.archive));
    for (const char* report : {"ReportProgrammed", "ReportRunning", "ReportReadiness"}) {
      EXPECT_EQ(TimeOf(*forked.archive, report) - TimeOf(*archive_, report), by) << report;
    }
  }
}

TEST_F(ForkReportsTest, ADelayedReportMovesWhatWasAskedForAfterIt) {
  ForkChanges changes;
  changes.delay["ReportProgrammed"] = Duration::Seconds(30);
  const Forked forked = Fork(changes);
  EXPECT_THAT(forked.report.left_out, IsEmpty());
  EXPECT_EQ(TimeOf(*forked.archive, "ReportReadiness") - TimeOf(*archive_, "ReportReadiness"),
            Duration::Seconds(30));
  EXPECT_TRUE(IsReady(*forked.archive));
}

TEST_F(ForkReportsTest, AChangeThatIsRefusedInTheForkIsSaidToBe) {
  recorded_.Send("binding/default/web", "Apply", RollOut("v1", "./web"), "again");
  archive_ = recorded_.Archive();
  ForkChanges changes;
  std::string other_key = RollOut("v1", "./web");
  other_key.replace(other_key.find("team-a"), 6, "team-b");
  changes.edit["again"] = other_key;
  const Forked forked = Fork(changes);
  ASSERT_EQ(forked.report.applied.size(), 1u);
  EXPECT_THAT(forked.report.applied[0],
              HasSubstr("edited again: Rejected in the fork: Immutable: spec.bindingKey: "));
}

}  // namespace
}  // namespace sluice::replay
