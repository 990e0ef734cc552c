// A real node in a directory of its own: threads, the embedded journal, projections on disk. After
// every test replayed state equals live state.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/node.h"
#include "engine/testing/memory_store.h"
#include "engine/tests/widget.h"
#include "events/make_command.h"
#include "machines/clusterconfig/clusterconfig.h"

namespace sluice {

class NodeTest : public ::testing::Test {
 protected:
  NodeTest() {
    kinds_.Add(WidgetKind());
    kinds_.Add(ClusterConfigKind());
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = std::filesystem::temp_directory_path() /
                 fmt::format("sluice-node-test-{}-{}", ::getpid(), test->name());
    std::filesystem::remove_all(directory_);
  }
  ~NodeTest() override {
    if (node_) {
      node_->Stop();
      ExpectReplayIsLive();
    }
    node_.reset();
    std::filesystem::remove_all(directory_);
  }

  Result<std::unique_ptr<Node>> TryOpen(uint32_t partitions) {
    NodeOptions options;
    options.data_dir = directory_;
    options.partitions = partitions;
    options.kinds = &kinds_;
    options.clock = &clock_;
    options.on_fatal = [](const Error& error) { ADD_FAILURE() << error.message; };
    return Node::Open(std::move(options));
  }
  void Open(uint32_t partitions = 2) {
    auto opened = TryOpen(partitions);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    node_ = std::move(*opened);
    ASSERT_TRUE(node_->Start());
  }
  // The final answer.
  Result<CallerAnswer> Await(Command command) {
    auto promise = std::make_shared<std::promise<Result<CallerAnswer>>>();
    auto future = promise->get_future();
    node_->Submit(std::move(command), [promise](Result<CallerAnswer> answer) {
      if (!answer || answer->final) promise->set_value(std::move(answer));
    });
    return future.get();
  }
  template <class C>
  CommandResult Decide(std::string entity, C payload, std::string id = "") {
    auto answer = Await(MakeCommand(std::move(entity), std::move(payload), std::move(id)));
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer ? answer->result : CommandResult{};
  }
  int64_t TotalOf(std::string_view entity) {
    auto loaded = node_->stores()[node_->PartitionOf(entity)]->Load(KeyOrDie(entity));
    CHECK(loaded.has_value());
    return static_cast<const Widget&>(*loaded->state).status.total;
  }
  // I5, on what is on disk. The node is stopped.
  void ExpectReplayIsLive() {
    for (uint32_t partition = 0; partition < node_->partition_count(); ++partition) {
      testing::MemoryStore replayed(kinds_, partition);
      const auto folded = replayed.CatchUp(node_->journal());
      ASSERT_TRUE(folded.has_value()) << folded.error().message;
      PartitionStore& store = *node_->stores()[partition];
      EXPECT_EQ(replayed.applied(), store.applied());
      for (const auto& [entity, hash] : replayed.Hashes()) {
        auto live = store.Load(KeyOrDie(entity));
        ASSERT_TRUE(live.has_value());
        EXPECT_EQ(live->state->Hash(), hash) << entity;
      }
    }
  }

  KindRegistry kinds_;
  SystemClock clock_;
  std::filesystem::path directory_;
  std::unique_ptr<Node> node_;
};

}  // namespace sluice
