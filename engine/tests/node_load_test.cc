// Many who send at once: all are answered, each gets its turn, also when the node stops.
#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "engine/tests/node_fixture.h"

namespace sluice {
namespace {

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
        auto answer = Await(MakeCommand(fmt::format("widget/default/w{}", (thread + i) % 3),
                                        AddAmount{.amount = 1}));
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
        node_->Submit(MakeCommand("widget/default/a", AddAmount{.amount = 1}),
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
  const auto answer = Await(MakeCommand("widget/default/a", WidgetApply{}));
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
  node_->Submit(MakeCommand("widget/default/a", WidgetApply{}), [&](const Result<CallerAnswer>&) {
    std::thread other([&] {
      submitted_by = std::this_thread::get_id();
      node_->Submit(MakeCommand("widget/default/a", WidgetApply{}),
                    [&](const Result<CallerAnswer>& answer) {
                      EXPECT_FALSE(answer);
                      refused_by = std::this_thread::get_id();
                    });
    });
    other.join();
  });
  EXPECT_EQ(refused_by, submitted_by);
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
    Command command = MakeCommand(std::move(entity), WidgetApply{});
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
    Command command = MakeCommand("widget/default/w", AddAmount{.amount = 1});
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
      MakeCommand("widget/default/w", AddAmount{.amount = 1}),
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
