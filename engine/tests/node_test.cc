// A real node in a directory of its own: threads, the embedded journal, projections on disk.
#include "engine/node.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <thread>

#include "engine/testing/memory_store.h"
#include "engine/tests/widget.h"
#include "machines/clusterconfig/clusterconfig.h"

namespace sluice {
namespace {

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
  template <class C>
  static Command CommandOf(std::string entity, C payload, std::string id = "") {
    Command command;
    command.entity = std::move(entity);
    command.payload = AnyTable::Of(std::move(payload));
    command.id = std::move(id);
    return command;
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
    auto answer = Await(CommandOf(std::move(entity), std::move(payload), std::move(id)));
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

TEST_F(NodeTest, ManyThreadsAreAllAnsweredAndTheStateOutlivesTheProcess) {
  constexpr int kThreads = 4;
  constexpr int kCommandsEach = 200;
  Open();
  for (int i = 0; i < 3; ++i) Decide(fmt::format("widget/default/w{}", i), WidgetApply{});
  std::vector<std::thread> threads;
  std::atomic<int> accepted = 0;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kCommandsEach; ++i) {
        auto answer = Await(
            CommandOf(fmt::format("widget/default/w{}", (thread + i) % 3), AddAmount{.amount = 1}));
        if (answer && answer->result.accepted) ++accepted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, kThreads * kCommandsEach);
  node_.reset();
  Open(0);
  Decide("widget/default/w0", AddAmount{.amount = 0});  // its partition is open again
  Decide("widget/default/w1", AddAmount{.amount = 0});
  Decide("widget/default/w2", AddAmount{.amount = 0});
  EXPECT_EQ(
      TotalOf("widget/default/w0") + TotalOf("widget/default/w1") + TotalOf("widget/default/w2"),
      kThreads * kCommandsEach);
}

TEST_F(NodeTest, StopUnderLoadAnswersEverybodyOnce) {
  constexpr int kThreads = 3;
  Open();
  Decide("widget/default/a", WidgetApply{});
  std::atomic<bool> enough = false;
  std::atomic<int> submitted = 0;
  std::atomic<int> answered = 0;
  std::atomic<int> accepted = 0;
  std::promise<void> loaded;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      while (!enough) {
        ++submitted;
        node_->Submit(CommandOf("widget/default/a", AddAmount{.amount = 1}),
                      [&](Result<CallerAnswer> answer) {
                        if (answer && ++accepted == 500) loaded.set_value();
                        ++answered;
                      });
      }
    });
  }
  loaded.get_future().wait();
  node_->Stop();  // returns, although commands keep coming
  enough = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, submitted);
  EXPECT_EQ(TotalOf("widget/default/a"), accepted);
}

TEST_F(NodeTest, AfterStopNobodyWaits) {
  Open();
  node_->Stop();
  const auto answer = Await(CommandOf("widget/default/a", WidgetApply{}));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

// A partition's thread may be the one that empties the gate: if it had to refuse what comes
// meanwhile, it would never come to its end.
TEST_F(NodeTest, AfterStopEachIsRefusedByTheThreadThatSubmitsIt) {
  Open();
  node_->Stop();
  std::thread::id submitted_by;
  std::thread::id refused_by;
  node_->Submit(CommandOf("widget/default/a", WidgetApply{}), [&](const Result<CallerAnswer>&) {
    std::thread other([&] {
      submitted_by = std::this_thread::get_id();
      node_->Submit(CommandOf("widget/default/a", WidgetApply{}),
                    [&](const Result<CallerAnswer>& answer) {
                      EXPECT_FALSE(answer);
                      refused_by = std::this_thread::get_id();
                    });
    });
    other.join();
  });
  EXPECT_EQ(refused_by, submitted_by);
}

TEST_F(NodeTest, ARepeatedIdGetsItsDecisionAgainAcrossARestart) {
  Open();
  Decide("widget/default/a", WidgetApply{});
  const CommandResult first = Decide("widget/default/a", AddAmount{.amount = 5}, "c-1");
  node_.reset();
  Open(0);
  const CommandResult again = Decide("widget/default/a", AddAmount{.amount = 5}, "c-1");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.position, first.position);
  EXPECT_EQ(again.events, first.events);
  EXPECT_EQ(Decide("widget/default/a", AddAmount{.amount = 6}, "c-1").rejection->code,
            RejectionCode::kIdempotencyConflict);
}

TEST_F(NodeTest, ADeferredReplyIsTheResultOfTheCommandThatAskedForIt) {
  Open();
  Decide("widget/default/a", WidgetApply{});
  Decide("widget/default/b", WidgetApply{});
  Decide("widget/default/b", AddAmount{.amount = 42});
  const CommandResult asked = Decide("widget/default/a", Ask{.target = "widget/default/b"}, "q-1");
  EXPECT_EQ(asked.entity, "widget/default/a");
  EXPECT_FALSE(asked.position.empty());
  ASSERT_NE(asked.reply.As<WidgetReply>(), nullptr);
  EXPECT_EQ(asked.reply.As<WidgetReply>()->total, 42);
  CommandResult again = Decide("widget/default/a", Ask{.target = "widget/default/b"}, "q-1");
  EXPECT_TRUE(again.duplicate);
  again.duplicate = false;
  EXPECT_EQ(again, asked);
  const CommandResult nobody = Decide("widget/default/a", Ask{.target = "widget/default/x"});
  EXPECT_FALSE(nobody.accepted);
  EXPECT_EQ(nobody.rejection->code, RejectionCode::kNotFound);
}

TEST_F(NodeTest, AnotherNumberOfPartitionsIsRefused) {
  Open(2);
  Decide("widget/default/a", WidgetApply{});
  node_.reset();
  const auto wrong = TryOpen(3);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalid);
  Open(0);
  EXPECT_EQ(node_->partition_count(), 2u);
}

TEST_F(NodeTest, ADirectoryInUseIsUnavailable) {
  Open();
  const auto second = TryOpen(0);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST_F(NodeTest, AnEntitySetAsideIsReleasedAfterARestart) {
  Open();
  Decide("widget/default/a", WidgetApply{});
  Decide("widget/default/b", WidgetApply{});
  EXPECT_EQ(Decide("widget/default/a", BreakTable{}).rejection->code, RejectionCode::kQuarantined);
  Decide("widget/default/b", Tell{.target = "widget/default/a", .times = 2});
  node_.reset();
  Open(0);
  EXPECT_EQ(Decide("widget/default/a", AddAmount{.amount = 1}).rejection->code,
            RejectionCode::kQuarantined);
  Decide("widget/default/a", Release{});
  // Asked over `internal`, so it comes behind whatever was parked.
  const auto asked = Await(CommandOf("widget/default/b", Ask{.target = "widget/default/a"}));
  ASSERT_TRUE(asked.has_value());
  EXPECT_NE(asked->result.reply.As<WidgetReply>(), nullptr);
}

TEST_F(NodeTest, BytesThatCannotBeReadAreKept) {
  Open();
  std::promise<ErrorCode> told;
  node_->SubmitBytes(1, "no flatbuffer", false, [&](Result<CallerAnswer> answer) {
    told.set_value(answer ? ErrorCode::kNotFound : answer.error().code);
  });
  EXPECT_EQ(told.get_future().get(), ErrorCode::kInvalid);
  size_t letters = 0;
  const auto read = node_->journal().ReadDeadLetters(1, 0, [&](const DeadLetter& letter) {
    EXPECT_EQ(letter.payload, "no flatbuffer");
    ++letters;
    return true;
  });
  EXPECT_TRUE(read.has_value());
  EXPECT_EQ(letters, 1u);
}

TEST_F(NodeTest, ACommandOfAnotherPartitionSaysSo) {
  Open();
  Decide("widget/default/a", WidgetApply{});
  const uint32_t wrong = 1 - node_->PartitionOf("widget/default/a");
  std::promise<ErrorCode> told;
  node_->SubmitBytes(wrong, Pack(CommandOf("widget/default/a", AddAmount{.amount = 1}, "c-1")),
                     false, [&](Result<CallerAnswer> answer) {
                       told.set_value(answer ? ErrorCode::kNotFound : answer.error().code);
                     });
  EXPECT_EQ(told.get_future().get(), ErrorCode::kUnavailable);
}

// All of it waits before the first is decided, so what comes when is in the log.
TEST_F(NodeTest, AnothersCommandIsDecidedBeforeTheRestOfAFlood) {
  constexpr int kFlood = 3000;
  auto opened = TryOpen(1);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  node_ = std::move(*opened);
  std::atomic<int> open = kFlood + 1;
  std::promise<void> all;
  std::promise<std::string> position;
  const auto submit = [&](std::string actor, std::string entity) {
    Command command = CommandOf(std::move(entity), WidgetApply{});
    command.actor = std::move(actor);
    const bool calm = command.actor == "calm";
    node_->Submit(std::move(command), [&, calm](Result<CallerAnswer> answer) {
      ASSERT_TRUE(answer.has_value()) << answer.error().message;
      if (calm) position.set_value(answer->result.position);
      if (--open == 0) all.set_value();
    });
  };
  for (int i = 0; i < kFlood; ++i) submit("mad", fmt::format("widget/default/w{}", i % 50));
  submit("calm", "widget/default/calm");
  EXPECT_EQ(node_->Counters().commands_waiting, kFlood + 1 - AdmissionLimits{}.window_commands);
  ASSERT_TRUE(node_->Start());
  all.get_future().get();
  // Behind `Opened`, the window and one turn.
  EXPECT_LE(std::stoul(position.get_future().get().substr(2)),
            1 + AdmissionLimits{}.window_commands + 1);
  EXPECT_EQ(node_->Counters().commands_waiting, 0u);
}

TEST_F(NodeTest, WhoHasTooManyWaitingIsToldWhenToTryAgain) {
  auto opened = TryOpen(1);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  node_ = std::move(*opened);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    Command command = CommandOf("widget/default/w", AddAmount{.amount = 1});
    command.actor = "mad";
    node_->Submit(std::move(command), [&](Result<CallerAnswer> answer) {
      if (!answer && IsTooManyWaiting(answer.error())) ++refused;
    });
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(node_->Counters().commands_held_off, static_cast<uint64_t>(refused));
  bool calm_refused = false;
  // Without an actor it is the connection that is somebody.
  node_->Submit(
      CommandOf("widget/default/w", AddAmount{.amount = 1}),
      [&](Result<CallerAnswer> answer) {
        calm_refused = !answer && IsTooManyWaiting(answer.error());
      },
      "calm");
  EXPECT_FALSE(calm_refused);
  const int told = refused;
  node_->Stop();  // Answers whoever still waits, with an error.
  EXPECT_EQ(refused, told);
}

}  // namespace
}  // namespace sluice
