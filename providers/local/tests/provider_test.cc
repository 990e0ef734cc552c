#include "providers/local/provider.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include "providers/local/tests/fake_node.h"
#include "providers/local/tests/host_fixture.h"

namespace sluice::local {
namespace {

using ::testing::HasSubstr;
using Json = FakeNode::Json;

constexpr char kEntity[] = "instance/default/web";
constexpr char kLocation[] = "default/here";

// A provider with real processes against a node that is not.
class ProviderTest : public ::testing::Test {
 protected:
  ProviderTest() : uid_("uid-" + dir_.path().filename().string()) {
    mkfifo((dir_.path() / "fifo").c_str(), 0600);
    node_.PutLocation();
    Restart();
  }

  ~ProviderTest() override {
    for (const ProcessStatus& status : host_->supervisor->List()) host_->Clean(status.id);
  }

  // As after the provider was killed: processes and node are as they were.
  void Restart() {
    provider_.reset();
    host_.reset();
    host_ = std::make_unique<TestHost>(dir_.path());
    // The node goes on with the time of the provider that is there.
    clock_.target = &host_->clock;
    ++session_;
    provider_ = std::make_unique<Provider>(
        ProviderOptions{{}, "holder-a", "session-" + std::to_string(session_)}, node_, host_->clock,
        *host_->supervisor);
    Settle();
  }

  void Settle() {
    while (host_->clock.Advance(Micros(0))) {
    }
  }

  template <class Predicate>
  void Until(Predicate predicate) {
    host_->Until(predicate);
    Settle();
  }

  void PutInstance(const std::string& script, uint64_t generation = 1,
                   Json extra = Json::object()) {
    extra["command"] = {"/bin/sh", "-c", script};
    node_.PutInstance("web", uid_, generation, extra, "127.0.0.1");
  }

  // Puts the action, and takes it back once this was told.
  void Act(const std::string& verb, const std::string& told, uint64_t generation = 1) {
    const size_t before = node_.Count(told);
    node_.PutAction(kEntity, verb, uid_, generation);
    Until([&] { return node_.Count(told) > before; });
    node_.DropAction(kEntity, verb);
    Settle();
  }

  Json Payload(const std::string& command) const {
    const Json told = node_.Told(kEntity, command);
    return told.is_null() ? told : told.at("payload");
  }

  // Lets a fake node outlive the clocks of several providers.
  struct Clock : Scheduler {
    Micros Now() const override { return target->Now(); }
    TimerId Schedule(Micros delay, std::function<void()> callback) override {
      return target->Schedule(delay, std::move(callback));
    }
    void Cancel(TimerId timer) override { target->Cancel(timer); }
    ManualScheduler first;
    Scheduler* target = &first;
  };

  TempDir dir_;
  const std::string uid_;
  Clock clock_;
  FakeNode node_{clock_};
  int session_ = 0;
  std::unique_ptr<TestHost> host_;
  std::unique_ptr<Provider> provider_;
};

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

TEST_F(ProviderTest, AStartAskedForWhileTheProviderWasDownIsNotAnsweredWithAnOldEnd) {
  PutInstance("echo run >> runs");
  Act("StartInstance", "ReportStopped");
  node_.PutAction(kEntity, "StartInstance", uid_, 1);
  const size_t told = node_.Count("ReportStopped");
  Restart();
  EXPECT_EQ(node_.Count("ReportStopped"), told);
  Until([&] { return node_.Count("ReportStopped") == told + 1; });
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

TEST_F(ProviderTest, WhatIsOutOfReachIsToldLaterUnderTheSameIdAndRunsOn) {
  PutInstance("read code < fifo; exit $code");
  Act("StartInstance", "ReportRunning");
  const int pid = host_->Status().pid;
  node_.SetReachable(false);
  std::ofstream(dir_.path() / "fifo") << "0\n";
  Until([&] { return host_->StateOf() == ProcessState::kStopped; });
  EXPECT_NE(kill(pid, 0), 0);
  host_->clock.Advance(Micros(1'000'000));
  ASSERT_GE(node_.lost_ids.size(), 2U);
  EXPECT_EQ(node_.lost_ids.front(), node_.lost_ids.back());
  node_.SetReachable(true);
  host_->clock.Advance(Micros(5'000'000));
  Settle();
  ASSERT_EQ(node_.Count("ReportStopped"), 1U);
  EXPECT_EQ(node_.Told(kEntity, "ReportStopped")["id"], node_.lost_ids.front());
  // Actions that came meanwhile are carried out, too.
  Act("StartInstance", "ReportRunning");
}

TEST_F(ProviderTest, ARestartedProviderTellsWhatRunsUnderTheNextTerm) {
  PutInstance("read never < fifo");
  Act("StartInstance", "ReportRunning");
  const int pid = host_->Status().pid;
  Restart();
  EXPECT_EQ(host_->Status().pid, pid);
  EXPECT_EQ(provider_->session(kLocation)->term(), 2U);
  EXPECT_EQ(node_.Count("ReportRunning"), 2U);
  EXPECT_EQ(Payload("ReportRunning")["pid"], pid);
  EXPECT_EQ(Payload("ReportRunning")["leaseTerm"], 2);
  EXPECT_TRUE(provider_->session(kLocation)->serving());
}

TEST_F(ProviderTest, ALostLeaseEndsWhatRunsAndAFreeOneIsTaken) {
  PutInstance("read never < fifo");
  Act("StartInstance", "ReportRunning");
  const int pid = host_->Status().pid;
  const size_t told = node_.commands.size();
  node_.PutLocation("somebody-else", 2);
  Until([&] { return host_->supervisor->List().empty(); });
  EXPECT_NE(kill(pid, 0), 0);
  EXPECT_EQ(node_.commands.size(), told);
  EXPECT_FALSE(provider_->session(kLocation)->serving());
  node_.PutLocation("", 2);
  Settle();
  EXPECT_TRUE(provider_->session(kLocation)->serving());
  EXPECT_EQ(provider_->session(kLocation)->term(), 3U);
}

TEST_F(ProviderTest, AReleasedLeaseIsTakenAgainAndWhatRunsRunsOn) {
  PutInstance("read never < fifo");
  Act("StartInstance", "ReportRunning");
  const int pid = host_->Status().pid;
  node_.PutLocation("holder-a", 1);
  Settle();
  node_.PutLocation("", 1);
  Settle();
  EXPECT_EQ(provider_->session(kLocation)->term(), 2U);
  EXPECT_EQ(Payload("ReportRunning")["leaseTerm"], 2);
  EXPECT_EQ(host_->Status().pid, pid);
}

TEST_F(ProviderTest, ALocationMadeAnewIsAskedForUnderIdsOfItsOwn) {
  const std::string first = node_.Told("location/default/here", "AcquireLease")["id"];
  node_.DropLocation();
  Settle();
  EXPECT_EQ(provider_->session(kLocation), nullptr);
  node_.PutLocation();
  Settle();
  EXPECT_EQ(node_.Count("AcquireLease"), 2U);
  EXPECT_NE(node_.Told("location/default/here", "AcquireLease")["id"], first);
  EXPECT_TRUE(provider_->session(kLocation)->serving());
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

TEST_F(ProviderTest, WhatTheEngineDoesNotKnowIsEnded) {
  PutInstance("read never < fifo");
  Act("StartInstance", "ReportRunning");
  node_.rejections[kEntity] = "NotFound";
  Restart();
  Until([&] { return host_->supervisor->List().empty(); });
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

TEST_F(ProviderTest, AQuarantinedInstanceDoesNotHoldUpTheOthers) {
  PutInstance("read never < fifo");
  Act("StartInstance", "ReportRunning");
  node_.rejections[kEntity] = "Quarantined";
  Restart();
  EXPECT_TRUE(provider_->session(kLocation)->serving());
}

}  // namespace
}  // namespace sluice::local
