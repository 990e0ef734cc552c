#include "projections/store_values.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

TEST(StoreValues, ReadWhatTheyWrite) {
  EntityMarks marks;
  marks.quarantined = "broken";
  marks.parked = {4, 9};
  const std::vector<std::string> mentions = {"L", std::string("lsize\0big\0", 10)};
  const std::string root("\0root\xff", 6);
  store::EntityParts parts;
  parts.decisions = 200;
  parts.version = 300;
  parts.sequence = 1u << 20;
  parts.item_hash_sum = {1, 2};
  parts.state_hash = {3, UINT64_MAX};
  parts.marks = &marks;
  parts.mentions = &mentions;
  parts.root = root;
  std::string value;
  store::EncodeEntity(parts, &value);
  const auto record = store::DecodeEntity(value);
  ASSERT_TRUE(record);
  EXPECT_EQ(store::EntityDecisions(value), parts.decisions);
  EXPECT_EQ(record->version, parts.version);
  EXPECT_EQ(record->sequence, parts.sequence);
  EXPECT_EQ(record->item_hash_sum, parts.item_hash_sum);
  EXPECT_EQ(record->state_hash, parts.state_hash);
  EXPECT_EQ(record->marks, marks);
  EXPECT_EQ(record->index_keys, mentions);
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
