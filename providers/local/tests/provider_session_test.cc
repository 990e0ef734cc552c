// Leases, a node that is out of reach or knows better, and a provider that comes back.
#include <signal.h>

#include <fstream>

#include "providers/local/tests/provider_fixture.h"

namespace sluice::local {
namespace {

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

TEST_F(ProviderTest, WhatTheEngineDoesNotKnowIsEnded) {
  PutInstance("read never < fifo");
  Act("StartInstance", "ReportRunning");
  node_.rejections[kEntity] = "NotFound";
  Restart();
  Until([&] { return host_->supervisor->List().empty(); });
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
