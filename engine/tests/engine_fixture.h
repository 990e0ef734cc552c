// Widgets on a cluster of three partitions, driven by hand. After every test replayed state equals
// live state.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string_view>

#include "engine/testing/cluster.h"
#include "engine/tests/widget.h"
#include "machines/clusterconfig/clusterconfig.h"

namespace sluice {

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    kinds_.Add(WidgetKind());
    kinds_.Add(ClusterConfigKind());
    cluster_ = std::make_unique<testing::Cluster>(kinds_, 3);
    EXPECT_TRUE(cluster_->OpenAll().has_value());
    EXPECT_TRUE(cluster_->Run().has_value());
  }
  ~EngineTest() override {
    for (uint32_t partition = 0; partition < 3; ++partition) {
      EXPECT_EQ(cluster_->CompareWithReplay(partition), "");
    }
  }
  Decision Create(std::string_view entity) { return cluster_->Decide(entity, WidgetApply{}); }
  const Widget& widget(std::string_view entity) { return cluster_->As<Widget>(entity); }
  void Reopen() {
    ASSERT_TRUE(cluster_->OpenAll().has_value());
    ASSERT_TRUE(cluster_->Run().has_value());
  }

  KindRegistry kinds_;
  std::unique_ptr<testing::Cluster> cluster_;
};

}  // namespace sluice
