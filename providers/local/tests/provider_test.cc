// What the provider does about an action, and what it tells.
#include <gmock/gmock.h>
#include <signal.h>

#include <filesystem>

#include "providers/local/tests/provider_fixture.h"

namespace sluice::local {
namespace {

using ::testing::HasSubstr;

TEST_F(ProviderTest, CarriesAnInstanceFromProgrammedToDeleted) {
  EXPECT_TRUE(provider_->session(kLocation)->serving());
  PutInstance("echo at $SLUICE_ADDRESS; read never < fifo", 1,
              {{"readiness", {{"exec", {"/bin/true"}}, {"period", "200ms"}}}});
  Act("ProgramInstance", "ReportProgrammed");
  EXPECT_EQ(Payload("ReportProgrammed")["status"], "True");
  EXPECT_EQ(Payload("ReportProgrammed")["uid"], uid_);
  EXPECT_EQ(Payload("ReportProgrammed")["generation"], 1);
  EXPECT_EQ(Payload("ReportProgrammed")["leaseTerm"], 1);
  EXPECT_EQ(node_.Count("ReportRunning"), 0U);

  Act("StartInstance", "ReportRunning");
  EXPECT_EQ(node_.Count("ReportProgrammed"), 1U);
  const int pid = host_->Status().pid;
  EXPECT_EQ(Payload("ReportRunning")["status"], "True");
  EXPECT_EQ(Payload("ReportRunning")["pid"], pid);
  EXPECT_EQ(Payload("ReportRunning")["networkInterfaces"][0]["address"], "127.0.0.1");
  Until([&] { return node_.Count("ReportReadiness") == 1; });
  EXPECT_EQ(Payload("ReportReadiness")["status"], "True");

  Act("StopInstance", "ReportStopped");
  EXPECT_EQ(Payload("ReportStopped")["reason"], "Stopped");
  EXPECT_EQ(Payload("ReportStopped")["signal"], SIGTERM);
  EXPECT_NE(kill(pid, 0), 0);

  Act("StartInstance", "ReportRunning");
  EXPECT_NE(Payload("ReportRunning")["pid"], pid);
  Act("DeleteInstance", "ReportDeleted");
  EXPECT_TRUE(host_->supervisor->List().empty());
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "local/default"));
}

TEST_F(ProviderTest, ANewRunsReadinessIsUnknownUntilProbedAndAnAdoptedOnesIsNot) {
  PutInstance("read never < fifo", 1, {{"readiness", {{"exec", {"/bin/true"}}}}});
  Act("StartInstance", "ReportReadiness");
  Restart();
  Until([&] { return node_.Count("ReportReadiness") == 2; });
  EXPECT_EQ(Payload("ReportReadiness")["status"], "True");
  Act("RestartInstance", "ReportReadiness");
  std::vector<std::string> told;
  for (const Json& command : node_.commands) {
    if (command["command"] == "ReportReadiness") told.push_back(command["payload"]["status"]);
  }
  EXPECT_THAT(told, ::testing::ElementsAre("True", "True", "Unknown"));
  EXPECT_EQ(node_.commands.back()["command"], "ReportRunning");  // After "unknown".
  Until([&] { return node_.Count("ReportReadiness") == 4; });
  EXPECT_EQ(Payload("ReportReadiness")["status"], "True");
}

TEST_F(ProviderTest, AnInstanceWhoseRestartsAreUsedUpIsReportedFailed) {
  PutInstance("exit 3", 1, {{"restartPolicy", {{"maxRestarts", 1}}}});
  node_.PutAction(kEntity, "StartInstance", uid_, 1);
  Until([&] { return Payload("ReportRunning").is_object(); });
  Until([&] { return Payload("ReportRunning")["status"] == "False"; });
  EXPECT_EQ(Payload("ReportRunning")["reason"], "BackOff");
  EXPECT_EQ(Payload("ReportRunning")["exitCode"], 3);
  host_->clock.Advance(Micros(2'000'000));
  Until([&] { return node_.Count("ReportFailed") == 1; });
  EXPECT_EQ(Payload("ReportFailed")["reason"], "CrashLoop");
  EXPECT_EQ(Payload("ReportFailed")["message"], "exit code 3, 1 restarts");
  EXPECT_EQ(Payload("ReportFailed")["exitCode"], 3);
}

TEST_F(ProviderTest, ACompletedProcessRunsAgainOnlyForANewRequest) {
  PutInstance("echo run >> runs");
  node_.PutAction(kEntity, "StartInstance", uid_, 1);
  Until([&] { return node_.Count("ReportStopped") == 1; });
  EXPECT_EQ(Payload("ReportStopped")["reason"], "Exited");
  EXPECT_EQ(Payload("ReportStopped")["exitCode"], 0);
  node_.DropAction(kEntity, "StartInstance");
  Settle();
  EXPECT_EQ(ReadText(dir_.path() / "runs"), "run\n");
  Act("StartInstance", "ReportStopped");
  EXPECT_EQ(ReadText(dir_.path() / "runs"), "run\nrun\n");
}

TEST_F(ProviderTest, AnotherGenerationEndsTheOldProcessBeforeItStartsTheNew) {
  PutInstance("read never < fifo");
  Act("StartInstance", "ReportRunning");
  const int first = host_->Status().pid;
  PutInstance("read never < fifo; true", 2);
  Act("ReprogramInstance", "ReportRunning", 2);
  EXPECT_EQ(Payload("ReportProgrammed")["generation"], 2);
  EXPECT_EQ(Payload("ReportRunning")["generation"], 2);
  EXPECT_NE(Payload("ReportRunning")["pid"], first);
  EXPECT_NE(kill(first, 0), 0);
}

TEST_F(ProviderTest, RestartsOncePerRequest) {
  PutInstance("read never < fifo");
  Act("StartInstance", "ReportRunning");
  const uint64_t run = host_->Status().run;
  node_.PutAction(kEntity, "RestartInstance", uid_, 1);
  Until([&] { return host_->Status().run == run + 1 && node_.Count("ReportRunning") == 2; });
  // Told again, it is the same request; after it was done with, it is another.
  node_.PutAction(kEntity, "RestartInstance", uid_, 1);
  Settle();
  EXPECT_EQ(host_->Status().run, run + 1);
  node_.DropAction(kEntity, "RestartInstance");
  node_.PutAction(kEntity, "RestartInstance", uid_, 1);
  Until([&] { return host_->Status().run == run + 2; });
}

TEST_F(ProviderTest, AnActionOfAnotherIncarnationStartsNothing) {
  PutInstance("read never < fifo");
  node_.PutAction(kEntity, "StartInstance", "another-uid", 1);
  Settle();
  EXPECT_TRUE(host_->supervisor->List().empty());
  node_.objects.clear();
  node_.PutAction(kEntity, "DeleteInstance", uid_, 1);
  Settle();
  EXPECT_EQ(Payload("ReportDeleted")["message"], "nothing runs");
}

TEST_F(ProviderTest, ASpecThatCannotRunIsToldWithItsField) {
  PutInstance("true", 1,
              {{"env", {{{"name", "TOKEN"}, {"valueFrom", {{"file", "/no/such/secret"}}}}}}});
  Act("ProgramInstance", "ReportProgrammed");
  EXPECT_EQ(Payload("ReportProgrammed")["status"], "False");
  EXPECT_THAT(std::string(Payload("ReportProgrammed")["message"]),
              HasSubstr("env TOKEN: cannot read /no/such/secret"));
}

TEST_F(ProviderTest, AnInstanceThatWantsAServerIsToldThatThereIsNoneAndGoes) {
  PutInstance("true");
  Act("CreateServer", "ReportProgrammed");
  EXPECT_EQ(Payload("ReportProgrammed")["status"], "False");
  EXPECT_EQ(Payload("ReportProgrammed")["reason"], "ProgrammingFailed");
  EXPECT_THAT(Payload("ReportProgrammed")["message"], HasSubstr("spec.backend"));
  Act("DeleteServer", "ReportDeleted");
  EXPECT_EQ(Payload("ReportDeleted")["status"], "True");
  EXPECT_EQ(Payload("ReportDeleted")["uid"], uid_);
}

TEST_F(ProviderTest, NetworkContextsAndSubnetsAreProgrammedAtOnce) {
  for (const std::string kind : {"networkcontext", "subnet"}) {
    const std::string entity = kind + "/default/default-here";
    node_.objects[entity] = {{"metadata", {{"uid", "u-1"}, {"generation", 1}}}};
    node_.PutAction(entity, kind == "subnet" ? "ProgramSubnet" : "ProgramNetworkContext", "u-1", 1);
    Settle();
    const Json told = node_.Told(entity, "ReportProgrammed");
    ASSERT_TRUE(told.is_object());
    EXPECT_EQ(told["payload"]["status"], "True");
    EXPECT_EQ(told["payload"]["uid"], "u-1");
  }
}

}  // namespace
}  // namespace sluice::local
