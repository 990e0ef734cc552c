// Settings that decisions depend on reach every partition, and are refused where they cannot hold.
#include "engine/tests/engine_fixture.h"

namespace sluice {
namespace {

using SettingsTest = EngineTest;

TEST_F(SettingsTest, SettingsAreAdoptedByADecisionOfEveryPartition) {
  ClusterConfigApply apply;
  apply.spec.retry_first = Duration::Seconds(9);
  cluster_->Decide(kClusterConfigKey, apply);
  for (uint32_t partition = 0; partition < 3; ++partition) {
    EXPECT_EQ(cluster_->store(partition).applied().settings.retry_first, Duration::Seconds(9));
    EXPECT_EQ(cluster_->store(partition).applied().settings_generation, 1);
  }
}

TEST_F(SettingsTest, SettingsOfANewIncarnationAreAdopted) {
  ClusterConfigApply apply;
  apply.spec.retry_first = Duration::Seconds(9);
  cluster_->Decide(kClusterConfigKey, apply);
  cluster_->Decide(kClusterConfigKey, Delete{});
  EXPECT_EQ(cluster_->store(0).applied().settings.retry_first, Duration::Seconds(2));
  apply.spec.retry_first = Duration::Seconds(11);
  cluster_->Decide(kClusterConfigKey, apply);
  for (uint32_t partition = 0; partition < 3; ++partition) {
    EXPECT_EQ(cluster_->store(partition).applied().settings.retry_first, Duration::Seconds(11));
  }
}

TEST_F(SettingsTest, SettingsThatCannotBeReadAreRefusedAllAtOnce) {
  ClusterConfigApply apply;
  apply.spec.ipv4_pools = {"10.0.0.0/33"};
  apply.spec.ipv6_pools = {"10.0.0.0/8"};
  apply.spec.network_ipv4_length = 40;
  apply.spec.retry_first = Duration{};
  const Decision refused = cluster_->Decide(kClusterConfigKey, apply);
  EXPECT_EQ(refused.rejection->code, RejectionCode::kInvalidArgument);
  for (const char* path :
       {"spec.ipv4Pools[0]", "spec.ipv6Pools[0]", "spec.networkIpv4Length", "spec.retryFirst"}) {
    EXPECT_NE(refused.rejection->message.find(path), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace sluice
