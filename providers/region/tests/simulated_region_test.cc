#include "providers/region/simulated_region.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "providers/local/tests/manual_scheduler.h"
#include "providers/region/control.h"

namespace sluice::region {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kHere[] = "default/here";

class SimulatedRegionTest : public ::testing::Test {
 protected:
  SimulatedRegionTest() { Open(1); }

  void Open(uint64_t seed) {
    region_ = std::make_unique<SimulatedRegion>(RegionOptions{.seed = seed}, clock_);
    region_->SetListener([this](const SimulatedServer& server) {
      steps_.push_back(server.gone ? "gone" : server.phase + " " + server.power);
      EXPECT_GT(server.resource_version, last_version_);
      last_version_ = server.resource_version;
    });
    last_version_ = 0;
  }
  std::string Make(uint32_t attempt = 1) {
    return region_->Create(kHere, {.flavor = "m1", .image = "debian"}, "uid", attempt).value();
  }
  void Run() { clock_.Advance(Micros(60'000'000)); }

  local::ManualScheduler clock_;
  std::unique_ptr<SimulatedRegion> region_;
  std::vector<std::string> steps_;
  uint64_t last_version_ = 0;
};

TEST_F(SimulatedRegionTest, BuildsInItsOwnTime) {
  const std::string id = Make();
  EXPECT_THAT(steps_, ElementsAre("Provisioning Queued"));
  Run();
  EXPECT_THAT(steps_,
              ElementsAre("Provisioning Queued", "Provisioning Building", "Provisioned Running"));
  EXPECT_FALSE(region_->Find(id)->private_ip.empty());
  EXPECT_EQ(region_->Find(id)->health, "Healthy");
}

TEST_F(SimulatedRegionTest, OneCreateServerIsOneServerHoweverOftenItIsAsked) {
  const std::string id = Make();
  EXPECT_EQ(Make(), id);
  EXPECT_NE(Make(2), id);
}

TEST_F(SimulatedRegionTest, RebuildsInPlaceAndKeepsTheOldImageWhenThatFails) {
  const std::string id = Make();
  Run();
  region_->Rebuild(id, "fedora");
  EXPECT_EQ(region_->Find(id)->phase, "Rebuilding");
  EXPECT_EQ(region_->Find(id)->request.image, "debian");
  Run();
  EXPECT_EQ(region_->Find(id)->request.image, "fedora");
  ASSERT_TRUE(CarryOutRequest(*region_, "fail rebuild image=alpine times=1"));
  region_->Rebuild(id, "alpine");
  Run();
  EXPECT_EQ(region_->Find(id)->request.image, "fedora");
  EXPECT_TRUE(region_->Find(id)->rebuild_failed);
  region_->Rebuild(id, "alpine");
  EXPECT_FALSE(region_->Find(id)->rebuild_failed);
  Run();
  EXPECT_EQ(region_->Find(id)->request.image, "alpine");
}

TEST_F(SimulatedRegionTest, KnowsWhichRebuildFailed) {
  const std::string id = Make();
  Run();
  ASSERT_TRUE(CarryOutRequest(*region_, "fail rebuild"));
  region_->Rebuild(id, "fedora", 2);
  region_->Rebuild(id, "alpine", 3);
  Run();
  EXPECT_TRUE(region_->Find(id)->rebuild_failed);
  EXPECT_EQ(region_->Find(id)->rebuild_generation, 3u);
}

// A spec that changed in something else wants the same image: the failure of the one under way is
// not that spec's.
TEST_F(SimulatedRegionTest, BeginsARebuildAnewThatWasAskedForAgainMeanwhile) {
  const std::string id = Make();
  Run();
  ASSERT_TRUE(CarryOutRequest(*region_, "fail rebuild times=1"));
  region_->Rebuild(id, "fedora", 2);
  region_->Rebuild(id, "fedora", 3);
  Run();
  EXPECT_FALSE(region_->Find(id)->rebuild_failed);
  EXPECT_EQ(region_->Find(id)->request.image, "fedora");
  EXPECT_EQ(region_->Find(id)->rebuild_generation, 3u);
}

TEST_F(SimulatedRegionTest, SwitchesPower) {
  const std::string id = Make();
  Run();
  region_->Stop(id);
  Run();
  EXPECT_EQ(region_->Find(id)->power, "Stopped");
  region_->Start(id);
  Run();
  steps_.clear();
  region_->Reboot(id);
  Run();
  EXPECT_THAT(steps_, ElementsAre("Provisioned Stopping", "Provisioned Running"));
}

TEST_F(SimulatedRegionTest, FailsOnDemandAsOftenAsAsked) {
  ASSERT_TRUE(CarryOutRequest(*region_, "fail build flavor=m1 times=1"));
  ASSERT_TRUE(CarryOutRequest(*region_, "fail create tag=team=a"));
  const std::string first = Make(1);
  Run();
  EXPECT_EQ(region_->Find(first)->phase, "Errored");
  const std::string second = Make(2);
  Run();
  EXPECT_EQ(region_->Find(second)->phase, "Provisioned");
  EXPECT_FALSE(
      region_->Create(kHere, {.flavor = "m1", .image = "i", .tags = {{"team", "a"}}}, "other", 1));
  ASSERT_TRUE(CarryOutRequest(*region_, "heal"));
  EXPECT_TRUE(
      region_->Create(kHere, {.flavor = "m1", .image = "i", .tags = {{"team", "a"}}}, "other", 1));
}

TEST_F(SimulatedRegionTest, ServersVanishAndLoseTheirTags) {
  const std::string id = Make();
  Run();
  ASSERT_TRUE(CarryOutRequest(*region_,
                              "tag " + id + " compute.unikorn-cloud.org/instance-id=default/web"));
  EXPECT_EQ(region_->Find(id)->request.tags.size(), 1u);
  ASSERT_TRUE(CarryOutRequest(*region_, "strip " + id));
  EXPECT_TRUE(region_->Find(id)->request.tags.empty());
  ASSERT_TRUE(CarryOutRequest(*region_, "vanish " + id));
  EXPECT_TRUE(region_->Find(id)->gone);
  EXPECT_EQ(steps_.back(), "gone");
}

TEST_F(SimulatedRegionTest, ARequestThatIsNoneSaysWhatWouldBe) {
  for (const auto& [line, why] : std::vector<std::pair<std::string, std::string>>{
           {"explode", "none of fail"},
           {"vanish nobody", "no server 'nobody'"},
           {"fail delete", "create, build or rebuild"},
           {"fail build times=0", "above 0"},
           {"create here m1", "create NAMESPACE/LOCATION"}}) {
    const Result<void> done = CarryOutRequest(*region_, line);
    ASSERT_FALSE(done) << line;
    EXPECT_THAT(done.error().message, HasSubstr(why)) << line;
  }
}

TEST_F(SimulatedRegionTest, GoesOnWhereItWasAfterARestart) {
  const std::string id = Make();
  ASSERT_TRUE(CarryOutRequest(*region_, "fail rebuild"));
  const std::string saved = region_->Save();
  Open(1);
  ASSERT_TRUE(region_->Load(saved));
  EXPECT_EQ(region_->Save(), saved);
  last_version_ = 1;
  Run();
  EXPECT_EQ(region_->Find(id)->phase, "Provisioned");
  EXPECT_FALSE(region_->Load("{}"));
}

TEST_F(SimulatedRegionTest, TheSameSeedIsTheSameRun) {
  std::vector<std::string> runs;
  for (const uint64_t seed : {7, 7, 8}) {
    Open(seed);
    for (uint32_t attempt = 1; attempt < 5; ++attempt) {
      Make(attempt);
      clock_.Advance(Micros(700'000));
    }
    runs.push_back(region_->Save());
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_NE(runs[0], runs[2]);
}

}  // namespace
}  // namespace sluice::region
