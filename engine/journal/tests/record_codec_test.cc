#include "engine/journal/record_codec.h"

#include <gtest/gtest.h>

namespace sluice::journal {
namespace {

std::vector<Bytes> Walk(std::string_view batch, bool* ok) {
  RecordsReader reader(batch);
  std::vector<Bytes> records;
  for (std::string_view record; reader.Next(&record);) records.emplace_back(record);
  *ok = reader.ok();
  return records;
}

TEST(RecordCodec, BytesAreAsDocumented) {
  EXPECT_EQ(MakeKey(KeyFamily::kEvents, 0x0102), std::string("e\0\0\0\0\0\0\1\2", 9));
  EXPECT_EQ(EncodeRecords(std::vector<Bytes>{"ab", ""}), std::string("\2\2ab\0", 5));
  EXPECT_EQ(EncodeInternal(Time{0x0102}, "p"), std::string("\0\0\0\0\0\0\1\2p", 9));
  EXPECT_EQ(EncodeCounters({1, 2}), std::string("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2", 16));
  EXPECT_EQ(EncodeMeta({1, 4, {5, 6}}),
            std::string("\0\0\0\1\0\0\0\4\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\6", 24));
  EXPECT_EQ(EncodeDeadLetter({.number = 9,
                              .payload = "p",
                              .reason = "r",
                              .input = Input::kCommands,
                              .offset = 3,
                              .time = Time{4},
                              .is_json = true}),
            std::string("\0\1\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\4\1rp", 21));
}

TEST(RecordCodec, KeysSortByFamilyThenNumber) {
  EXPECT_LT(MakeKey(KeyFamily::kEvents, 255), MakeKey(KeyFamily::kEvents, 256));
  EXPECT_LT(MakeKey(KeyFamily::kEvents, ~uint64_t{0}), FamilyEnd(KeyFamily::kEvents));
  EXPECT_LE(FamilyEnd(KeyFamily::kEvents), FamilyBegin(KeyFamily::kInternal));
  EXPECT_EQ(ParseKey(KeyFamily::kInternal, MakeKey(KeyFamily::kInternal, 77)), 77u);
  EXPECT_EQ(ParseKey(KeyFamily::kInternal, MakeKey(KeyFamily::kEvents, 77)), std::nullopt);
}

TEST(RecordCodec, BatchesComeBackWhole) {
  bool ok = false;
  const std::vector<Bytes> records = {"", std::string(127, 'a'), std::string(128, 'b'),
                                      std::string(100'000, 'c')};
  EXPECT_EQ(Walk(EncodeRecords(records), &ok), records);
  EXPECT_TRUE(ok);
  EXPECT_TRUE(Walk(EncodeRecords({}), &ok).empty());
  EXPECT_TRUE(ok);
}

TEST(RecordCodec, EveryTruncationAndAnyExtraByteOfABatchIsNoticed) {
  const Bytes batch = EncodeRecords(std::vector<Bytes>{"abc", std::string(200, 'x'), "d"});
  bool ok = true;
  for (size_t size = 0; size < batch.size(); ++size) {
    Walk(std::string_view(batch).substr(0, size), &ok);
    EXPECT_FALSE(ok) << size;
  }
  Walk(batch + "x", &ok);
  EXPECT_FALSE(ok);
  Walk("\xff\xff\xff\xff\xff\xff", &ok);
  EXPECT_FALSE(ok);
}

TEST(RecordCodec, ShortOrImpossibleBytesAreRefused) {
  EXPECT_FALSE(DecodeInternal(0, "1234567"));
  EXPECT_FALSE(DecodeCounters("123456789012345"));
  EXPECT_FALSE(DecodeCounters("12345678901234567"));
  EXPECT_FALSE(DecodeMeta(EncodeMeta({1, 0, {}})));
  EXPECT_FALSE(DecodeMeta(EncodeMeta({1, 1, {}}) + "x"));
  const Bytes letter = EncodeDeadLetter({.reason = "reason"});
  for (size_t size = 0; size < letter.size(); ++size) {
    EXPECT_FALSE(DecodeDeadLetter(0, std::string_view(letter).substr(0, size)));
  }
  EXPECT_TRUE(DecodeDeadLetter(0, letter));
  EXPECT_FALSE(DecodeDeadLetter(0, "\x09" + letter.substr(1)));
}

}  // namespace
}  // namespace sluice::journal
