// The head of a record says what the whole record does to its partition.
#include "projections/record_head.h"

#include <gtest/gtest.h>

#include <vector>

#include "events/codec.h"
#include "projections/fold.h"

namespace sluice {
namespace {

LogRecord RecordWithEverything(uint32_t seed) {
  LogRecord record;
  record.partition = 3;
  record.term = 2;
  record.sequence = seed;
  record.previous = Hash128{seed, 5};
  Decision& decision = record.decision.emplace();
  decision.origin = Origin{.epoch = {1, 2},
                           .input = seed % 2 == 0 ? Input::kInternal : Input::kCommands,
                           .partition = 3,
                           .offset = seed};
  decision.time = Time{1'000'000 + seed};
  Command& command = decision.command.emplace();
  command.id = "id";
  command.entity = seed % 5 == 0 ? "" : "lamp/default/x";
  command.payload = AnyTable::Of(Release{.skip = true});
  if (seed % 2 == 0) {
    command.source = FollowUpSource{.epoch = {9, seed},
                                    .partition = seed % 3,
                                    .term = 1,
                                    .number = seed / 6 + 1,
                                    .sequence = 7,
                                    .entity = "lamp/default/y"};
  }
  for (uint32_t i = 0; i < seed % 4; ++i) {
    FollowUp follow_up{.target_partition = i, .number = 1};
    follow_up.command = command;
    decision.effects.follow_ups.push_back(std::move(follow_up));
  }
  return record;
}

TEST(RecordHead, FoldsThePartitionAsTheWholeRecordDoes) {
  RecordHead head;  // its storage is used again
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const LogRecord record = RecordWithEverything(seed);
    const Bytes bytes = Pack(record);
    ASSERT_TRUE(ReadRecordHead(bytes, &head)) << seed;
    EXPECT_EQ(head.entity, record.decision->command->entity);
    PartitionState before;
    before.partition = 3;
    before.term = 2;
    before.next_sequence = seed;
    before.chain = record.previous;
    PartitionState by_head = before;
    PartitionState by_record = before;
    const auto folded = FoldPartition(by_head, head.record, bytes);
    EXPECT_EQ(FoldPartition(by_record, record, bytes).has_value(), folded.has_value());
    EXPECT_EQ(Pack(by_head), Pack(by_record)) << seed;
    EXPECT_NE(Pack(by_head), Pack(before)) << seed;
  }
}

TEST(RecordHead, LeavesToUnpackWhatIsNotAnEntitysDecision) {
  RecordHead head;
  LogRecord opened;
  opened.opened = Opened{};
  EXPECT_FALSE(ReadRecordHead(Pack(opened), &head));
  LogRecord settings = RecordWithEverything(1);
  settings.decision->command->to_partition = 3;
  EXPECT_FALSE(ReadRecordHead(Pack(settings), &head));
  LogRecord answered = RecordWithEverything(1);
  answered.decision->command->payload = AnyTable::Of(Answered{});
  EXPECT_FALSE(ReadRecordHead(Pack(answered), &head));
  EXPECT_FALSE(ReadRecordHead("", &head));
}

TEST(RecordHead, ReadsNoByteOutsideOfWhatItIsGiven) {
  RecordHead head;
  const Bytes whole = Pack(RecordWithEverything(6));
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    ReadRecordHead({cut.data(), cut.size()}, &head);
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::vector<char> wrong(whole.begin(), whole.end());
    wrong[at] = static_cast<char>(wrong[at] ^ 0xff);
    ReadRecordHead({wrong.data(), wrong.size()}, &head);
  }
}

}  // namespace
}  // namespace sluice
