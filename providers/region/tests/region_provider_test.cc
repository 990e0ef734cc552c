// The provider against a node that is not: what it does for an action, and what it tells.
#include "providers/region/region_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "providers/local/tests/fake_node.h"
#include "providers/local/tests/manual_scheduler.h"

namespace sluice::region {
namespace {

using Json = local::FakeNode::Json;

constexpr char kWeb[] = "instance/default/web";
constexpr char kLocation[] = "default/here";

class RegionProviderTest : public ::testing::Test {
 protected:
  RegionProviderTest() {
    node_.PutLocation();
    Restart();
  }

  void Restart() {
    provider_.reset();
    const std::string saved = region_ ? region_->Save() : "";
    region_ = std::make_unique<SimulatedRegion>(RegionOptions{}, clock_);
    if (!saved.empty()) {
      EXPECT_TRUE(region_->Load(saved));
    }
    provider_ = std::make_unique<RegionProvider>(std::set<std::string>{kLocation}, "region-a",
                                                 "session-" + std::to_string(++sessions_), node_,
                                                 clock_, *region_);
    Settle();
  }
  void Settle() {
    while (clock_.Advance(Micros(0))) {
    }
  }
  void Run() { clock_.Advance(Micros(60'000'000)); }

  void PutInstance(const std::string& image = "debian", const std::string& server = "",
                   bool deleting = false) {
    Json object{{"metadata",
                 {{"namespace", "default"}, {"name", "web"}, {"uid", "u-1"}, {"generation", 1}}},
                {"spec",
                 {{"backend", "server"},
                  {"server", {{"flavor", "m1"}, {"image", image}, {"tags", {{"team", "a"}}}}}}}};
    if (!server.empty()) {
      object["status"]["server"] = {{"name", server}, {"reported", {{"resourceVersion", 5}}}};
    }
    if (deleting) object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
    node_.objects[kWeb] = object;
  }
  void Act(const std::string& verb) {
    node_.PutAction(kWeb, verb, "u-1", 1);
    Settle();
  }
  std::string Create() {
    PutInstance();
    Act("CreateServer");
    node_.DropAction(kWeb, "CreateServer");
    Run();
    return region_->List(kLocation).at(0).id;
  }
  Json Told(const std::string& id, const char* command = "ReportServer") const {
    const Json told = node_.Told("server/default/" + id, command);
    return told.is_null() ? told : told.at("payload");
  }

  local::ManualScheduler clock_;
  local::FakeNode node_{clock_};
  int sessions_ = 0;
  std::unique_ptr<SimulatedRegion> region_;
  std::unique_ptr<RegionProvider> provider_;
};

TEST_F(RegionProviderTest, HoldsItsLeaseAndCreatesAServerWithTheTag) {
  EXPECT_TRUE(provider_->session(kLocation)->serving());
  EXPECT_EQ(node_.Told("location/default/here", "AcquireLease")["payload"]["provider"], "region");
  const std::string id = Create();
  const Json report = Told(id);
  EXPECT_EQ(report["tags"]["compute.unikorn-cloud.org/instance-id"], "default/web");
  EXPECT_EQ(report["tags"]["team"], "a");
  EXPECT_EQ(report["uid"], "u-1");
  EXPECT_EQ(report["attempt"], 1);
  EXPECT_EQ(report["phase"], "Provisioned");
  EXPECT_EQ(report["power"], "Running");
}

TEST_F(RegionProviderTest, AnActionSeenAgainAfterARestartMakesNoSecondServer) {
  PutInstance();
  Act("CreateServer");
  Restart();
  Run();
  EXPECT_EQ(region_->List(kLocation).size(), 1u);
  // Facts first: what it has was told again before it acted.
  EXPECT_EQ(Told(region_->List(kLocation).at(0).id)["phase"], "Provisioned");
}

TEST_F(RegionProviderTest, ACreateThatFailsIsToldToTheInstance) {
  region_->faults().Add({.step = "create"});
  PutInstance();
  Act("CreateServer");
  const Json told = node_.Told(kWeb, "ReportProgrammed")["payload"];
  EXPECT_EQ(told["status"], "False");
  EXPECT_EQ(told["reason"], "CreateFailed");
  EXPECT_EQ(told["leaseTerm"], 1);
}

TEST_F(RegionProviderTest, RebuildsUpdatesAndSwitchesTheServerTheInstanceHas) {
  const std::string id = Create();
  PutInstance("fedora", id);
  Act("RebuildServer");
  EXPECT_EQ(Told(id)["phase"], "Rebuilding");
  EXPECT_EQ(Told(id)["rebuildGeneration"], 1);
  Run();
  EXPECT_EQ(Told(id)["image"], "fedora");
  node_.DropAction(kWeb, "RebuildServer");
  Act("UpdateServer");
  EXPECT_EQ(Told(id)["tags"]["team"], "a");
  node_.DropAction(kWeb, "UpdateServer");
  Act("StopInstance");
  Run();
  EXPECT_EQ(Told(id)["power"], "Stopped");
  node_.DropAction(kWeb, "StopInstance");
  Act("StartInstance");
  Run();
  EXPECT_EQ(Told(id)["power"], "Running");
}

TEST_F(RegionProviderTest, WhatAServerCannotDoYetIsDoneOnceItCan) {
  PutInstance();
  Act("CreateServer");
  const std::string id = region_->List(kLocation).at(0).id;
  PutInstance("debian", id);
  Act("StopInstance");
  EXPECT_EQ(Told(id)["phase"], "Provisioning");
  Run();
  EXPECT_EQ(Told(id)["power"], "Stopped");
}

TEST_F(RegionProviderTest, OnAServerThatVanishedNothingIsDoneUntilThereIsAnother) {
  PutInstance("debian", "srv-unknown");
  Act("StopInstance");
  Run();
  EXPECT_EQ(node_.Count("ReportProgrammed"), 0U);
  const std::string id = Create();
  EXPECT_EQ(Told(id)["power"], "Running");
  PutInstance("debian", id);
  Run();
  EXPECT_EQ(Told(id)["power"], "Stopped");
}

TEST_F(RegionProviderTest, ARestartIsDoneOnceWhileAnotherActionWaits) {
  const std::string id = Create();
  PutInstance("debian", id);
  Act("RestartInstance");
  node_.objects["instance/default/other"] = node_.objects[kWeb];
  node_.objects["instance/default/other"]["status"]["server"]["name"] = "srv-unknown";
  node_.PutAction("instance/default/other", "StopInstance", "u-1", 1);
  Run();
  EXPECT_EQ(Told(id)["power"], "Running");
  const uint64_t version = Told(id)["resourceVersion"];
  Run();
  EXPECT_EQ(Told(id)["resourceVersion"], version);
}

TEST_F(RegionProviderTest, ALocationMadeAnewIsAskedForUnderIdsOfItsOwn) {
  node_.DropLocation();
  Settle();
  EXPECT_EQ(provider_->session(kLocation), nullptr);
  node_.PutLocation();
  Settle();
  EXPECT_EQ(node_.Count("AcquireLease"), 2U);
  EXPECT_TRUE(provider_->session(kLocation)->serving());
}

TEST_F(RegionProviderTest, DeletesTheServerAndForgetsItOnceThatIsKnown) {
  const std::string id = Create();
  PutInstance("debian", id);
  Act("DeleteServer");
  EXPECT_EQ(Told(id)["phase"], "Deprovisioning");
  Run();
  EXPECT_GT(Told(id, "ReportServerGone")["resourceVersion"], 0);
  EXPECT_EQ(region_->Find(id), nullptr);
}

TEST_F(RegionProviderTest, AnInstanceThatGoesTakesAllThatWasMadeForIt) {
  const std::string id = Create();
  const std::string other =
      region_->Create(kLocation, {.flavor = "m1", .image = "debian"}, "u-1", 2).value();
  PutInstance("debian", id, true);
  Act("DeleteServer");
  Run();
  EXPECT_FALSE(Told(id, "ReportServerGone").is_null());
  EXPECT_FALSE(Told(other, "ReportServerGone").is_null());
  EXPECT_EQ(node_.Told(kWeb, "ReportDeleted")["payload"]["status"], "True");
}

TEST_F(RegionProviderTest, AServerThatTheRegionDoesNotHaveIsReportedGone) {
  PutInstance("debian", "srv-lost");
  Act("DeleteServer");
  EXPECT_EQ(Told("srv-lost", "ReportServerGone")["resourceVersion"], 6);
}

TEST_F(RegionProviderTest, WhatVanishedWhileTheNodeWasAwayIsToldWhenItIsBack) {
  const std::string id = Create();
  node_.SetReachable(false);
  region_->Vanish(id);
  Run();
  EXPECT_TRUE(Told(id, "ReportServerGone").is_null());
  node_.SetReachable(true);
  Run();
  EXPECT_FALSE(Told(id, "ReportServerGone").is_null());
}

TEST_F(RegionProviderTest, ALeaseThatWentToAnotherEndsReportsAndActionsButNoServer) {
  const std::string id = Create();
  node_.PutLocation("region-b", 2);
  Settle();
  EXPECT_FALSE(provider_->session(kLocation)->serving());
  const size_t told = node_.Count("ReportServer");
  region_->SetHealth(id, "Degraded");
  Run();
  EXPECT_EQ(node_.Count("ReportServer"), told);
  EXPECT_EQ(region_->List(kLocation).size(), 1u);
}

}  // namespace
}  // namespace sluice::region
