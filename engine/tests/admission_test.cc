// Turns are counted, never timed.
#include "engine/admission.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace sluice {
namespace {

Admitted CommandOf(std::string name, size_t bytes = 100) {
  static uint64_t tickets = 0;
  Admitted command;
  command.record.ticket = ++tickets;
  command.record.key = std::move(name);
  command.record.payload = Bytes(bytes, 'x');
  return command;
}

bool Offer(Admission& admission, std::string_view sender, std::string name = "",
           size_t bytes = 100) {
  return !admission.Offer(sender, CommandOf(std::move(name), bytes)).has_value();
}

// Decides what was handed in, the oldest first, and hands in what then may be.
class Partition {
 public:
  explicit Partition(Admission& admission) : admission_(admission) { Fill(); }

  // What was decided; empty when nothing is left.
  std::string Decide() {
    if (handed_in_.empty()) return "";
    Admitted first = std::move(handed_in_.front());
    handed_in_.pop_front();
    admission_.Answered(first.record.ticket);
    Fill();
    return first.record.key;
  }

 private:
  void Fill() {
    while (auto next = admission_.Next()) handed_in_.push_back(std::move(*next));
  }

  Admission& admission_;
  std::deque<Admitted> handed_in_;
};

TEST(Admission, AFlooderIsAheadOfAnotherByTheWindowAndOneTurn) {
  Admission admission({.window_commands = 8});
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(Offer(admission, "mad", "flood"));
  Partition partition(admission);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(partition.Decide(), "flood");
  ASSERT_TRUE(Offer(admission, "calm", "calm"));
  int ahead = 0;
  while (partition.Decide() == "flood") ++ahead;
  EXPECT_LE(ahead, 8 + 1);
}

TEST(Admission, EachOfManyFloodersIsAheadByOneTurn) {
  Admission admission({.window_commands = 8});
  for (int i = 0; i < 200; ++i) {
    for (int n = 0; n < 20; ++n) ASSERT_TRUE(Offer(admission, "mad" + std::to_string(n), "flood"));
  }
  Partition partition(admission);
  for (int i = 0; i < 100; ++i) partition.Decide();
  ASSERT_TRUE(Offer(admission, "calm", "calm"));
  int ahead = 0;
  while (partition.Decide() == "flood") ++ahead;
  EXPECT_LE(ahead, 8 + 20);
}

TEST(Admission, SendersShareByWhatTheirCommandsCost) {
  Admission admission({.window_commands = 1});
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(Offer(admission, "small", "small", 0));
    ASSERT_TRUE(Offer(admission, "large", "large", 3 * 1024));
  }
  Partition partition(admission);
  std::map<std::string, int> decided;
  for (int i = 0; i < 500; ++i) ++decided[partition.Decide()];
  // 1 KiB and its bytes: four of the small for one of the large.
  EXPECT_NEAR(decided["small"], 400, 2);
  EXPECT_NEAR(decided["large"], 100, 2);
}

TEST(Admission, ASendersCommandsKeepTheirOrder) {
  Admission admission({.window_commands = 3});
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(Offer(admission, "a", "a" + std::to_string(i), static_cast<size_t>(i * 37 % 500)));
    ASSERT_TRUE(Offer(admission, "b", "b" + std::to_string(i)));
  }
  Partition partition(admission);
  std::map<char, int> next;
  for (std::string name = partition.Decide(); !name.empty(); name = partition.Decide()) {
    EXPECT_EQ(name, name.substr(0, 1) + std::to_string(next[name.front()]++));
  }
  EXPECT_EQ(next['a'], 50);
  EXPECT_EQ(next['b'], 50);
  EXPECT_EQ(admission.waiting(), 0u);
  EXPECT_EQ(admission.handed_in(), 0u);
}

TEST(Admission, WhoFloodsIsRefusedWhileOthersFit) {
  Admission admission({.window_commands = 1, .waiting_commands_max = 1000});
  while (Offer(admission, "mad")) continue;
  EXPECT_EQ(admission.waiting_of("mad"), 500u);
  while (Offer(admission, "madder")) continue;
  EXPECT_EQ(admission.waiting_of("madder"), 250u);
  EXPECT_TRUE(Offer(admission, "calm"));
  EXPECT_FALSE(Offer(admission, "mad"));
  EXPECT_EQ(admission.refused(), 3u);
}

TEST(Admission, BytesAreRoomToo) {
  Admission admission({.waiting_commands_max = 1000, .waiting_bytes_max = 100'000});
  while (Offer(admission, "mad", "", 10'000)) continue;
  EXPECT_LT(admission.waiting_of("mad"), 6u);
  EXPECT_TRUE(Offer(admission, "calm"));
}

TEST(Admission, ARefusedCommandComesBackAsItWas) {
  Admission admission({.waiting_commands_max = 0});
  const auto refused = admission.Offer("mad", CommandOf("mine"));
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->record.key, "mine");
}

TEST(Admission, TheWindowIsBoundedByBytesButNeverEmpty) {
  Admission admission({.window_commands = 100, .window_bytes = 1000});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Offer(admission, "a", "", 5000));
  const auto first = admission.Next();
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(admission.Next().has_value());
  admission.Answered(first->record.ticket);
  admission.Answered(first->record.ticket);
  EXPECT_TRUE(admission.Next().has_value());
  EXPECT_FALSE(admission.Next().has_value());
  EXPECT_EQ(admission.handed_in(), 1u);
}

}  // namespace
}  // namespace sluice
