#include "projections/store_values.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "projections/store_mentions.h"

namespace sluice {
namespace {

TEST(StoreValues, ReadWhatTheyWrite) {
  EntityMarks marks;
  marks.quarantined = "broken";
  marks.parked = {4, 9};
  store::MentionList list;
  list.AddLabel("size", "big");
  list.AddLive();
  list.AddLive();
  const std::string mentions = list.Pack();
  EXPECT_EQ(mentions, std::string("\x01L\x0alsize\0big\0", 13));
  const std::string root("\0root\xff", 6);
  store::EntityParts parts;
  parts.decisions = 200;
  parts.version = 300;
  parts.sequence = 1u << 20;
  parts.item_hash_sum = {1, 2};
  parts.state_hash = {3, UINT64_MAX};
  store::Recent recent;
  for (const uint64_t sequence : {5u, 6u, 1u << 19}) recent.AddDecision(sequence);
  recent.Remember({1, 2}, {.fingerprint = {3, 4}, .sequence = 6, .time = Time{7}});
  recent.Remember({2, 2}, {.fingerprint = {3, 5}, .sequence = 9, .time = Time{8}});
  parts.recent = &recent;
  parts.marks = &marks;
  parts.mentions = mentions;
  parts.root = root;
  std::string value;
  store::EncodeEntity(parts, &value);
  const auto record = store::DecodeEntity(value);
  ASSERT_TRUE(record);
  const auto tail = store::DecodeEntityTail(value);
  ASSERT_TRUE(tail);
  EXPECT_EQ(tail->decisions, parts.decisions);
  EXPECT_EQ(tail->recent, recent);
  EXPECT_EQ(record->version, parts.version);
  EXPECT_EQ(record->sequence, parts.sequence);
  EXPECT_EQ(record->item_hash_sum, parts.item_hash_sum);
  EXPECT_EQ(record->state_hash, parts.state_hash);
  EXPECT_EQ(record->marks, marks);
  EXPECT_EQ(tail->mentions, mentions);
  EXPECT_EQ(record->root, root);
  for (size_t size = 0; size < value.size() - root.size(); ++size) {
    EXPECT_FALSE(store::DecodeEntity(value.substr(0, size))) << size;
  }

  RememberedCommand command;
  command.fingerprint = {7, 8};
  command.sequence = 1u << 30;
  command.time = Time{1'790'000'000'000'000};
  for (const bool answered : {false, true}) {
    if (answered) command.answered_by = 77;
    command.reply_deferred = answered;
    store::EncodeCommand(command, &value);
    EXPECT_EQ(*store::DecodeCommand(value), command);
    EXPECT_EQ(store::CommandTime(value), command.time);
    for (size_t size = 0; size < value.size(); ++size) {
      EXPECT_FALSE(store::DecodeCommand(value.substr(0, size))) << size;
    }
  }
}

}  // namespace
}  // namespace sluice
