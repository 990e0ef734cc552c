// Logs that are larger than what may be in memory.
#include "replay/record_file.h"

#include <gtest/gtest.h>

#include <random>

#include "replay/tests/recorded.h"

namespace sluice::replay {
namespace {

TEST(RecordFile, ReadsBackWhatIsInMemoryAndWhatIsNot) {
  RecordFile file(1000);
  std::vector<std::string> all;
  std::vector<RecordFile::Place> places;
  for (size_t i = 0; i < 200; ++i) {
    all.emplace_back((i * 37) % 300, static_cast<char>(i));
    if (i == 100) all.back().assign(5000, 'x');  // more than the bound by itself
    const auto place = file.Add(all.back());
    ASSERT_TRUE(place) << place.error().message;
    places.push_back(*place);
  }
  EXPECT_GT(file.spilled_bytes(), 20'000u);
  for (const size_t read_ahead : {0U, 64U, 4096U}) {
    RecordFile::Chunk chunk;
    for (size_t i = 0; i < all.size(); ++i) {
      const auto bytes = file.Read(places[i], &chunk, read_ahead);
      ASSERT_TRUE(bytes) << bytes.error().message;
      EXPECT_EQ(*bytes, all[i]) << i;
    }
    std::mt19937 random(7);
    for (size_t n = 0; n < 500; ++n) {
      const size_t i = random() % all.size();
      EXPECT_EQ(file.Read(places[i], &chunk, read_ahead).value(), all[i]) << i;
    }
  }
}

TEST(MemoryArchive, AnswersAlikeHoweverLittleIsInMemory) {
  Recorded recorded;
  RunPoolDry(recorded);
  const auto whole = recorded.Archive();
  MemoryArchive small(whole->kinds(), whole->partitions(), true, 4096);
  for (uint32_t partition = 0; partition < whole->partitions(); ++partition) {
    ASSERT_TRUE(whole->Read(partition, 0, [&](uint64_t, std::string_view bytes) {
      EXPECT_TRUE(small.Add(partition, Bytes(bytes)));
      return true;
    }));
  }
  EXPECT_EQ(small.Now(), whole->Now());
  for (const char* entity : {"binding/default/web", "network/default/shop"}) {
    EXPECT_EQ(ItemsOf(small, "history", {{"entity", entity}}),
              ItemsOf(*whole, "history", {{"entity", entity}}));
    EXPECT_EQ(AskFor(small, "why", {{"entity", entity}}),
              AskFor(*whole, "why", {{"entity", entity}}));
  }
  EXPECT_TRUE(AskFor(small, "verify")["ok"].get<bool>());
  // A record comes once, in its order.
  Bytes first;
  ASSERT_TRUE(whole->Read(0, 0, [&](uint64_t, std::string_view bytes) {
    first = bytes;
    return false;
  }));
  EXPECT_EQ(small.Add(0, first).error().code, ErrorCode::kCorruption);
}

}  // namespace
}  // namespace sluice::replay
