// What is packed, hashed or written as JSON comes back as it was, whatever the values.
#include <gtest/gtest.h>

#include "events/codec.h"
#include "events/everything.gen.h"
#include "events/json.h"
#include "events/logical.h"
#include "events/tests/random_table.h"

namespace sluice {
namespace {

TEST(RoundTrip, DefaultsPackToAnEmptyTable) {
  const Everything everything;
  const Bytes packed = Pack(everything);
  EXPECT_LE(packed.size(), 16u);
  EXPECT_EQ(Unpack<Everything>(packed), everything);
}

TEST(RoundTrip, UnpackGivesWhatWasPacked) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const auto everything = RandomTable<Everything>(seed);
    const Result<Everything> back = Unpack<Everything>(Pack(everything));
    ASSERT_TRUE(back) << ToString(back.error());
    ASSERT_EQ(*back, everything) << ToJson(everything);
  }
}

TEST(RoundTrip, JsonGivesWhatWasWritten) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const auto everything = RandomTable<Everything>(seed);
    const std::string text = ToJson(everything);
    const auto back = FromJson<Everything>(text);
    ASSERT_TRUE(back) << ToString(back.error()) << "\n" << text;
    ASSERT_EQ(*back, everything) << text << "\n" << ToJson(*back);
    ASSERT_EQ(FromJson<Everything>(ToPrettyJson(everything)), everything);
  }
}

TEST(RoundTrip, EqualTablesHashAlikeAndOthersDoNot) {
  std::map<Hash128, std::string> seen;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const auto everything = RandomTable<Everything>(seed);
    const Hash128 hash = LogicalHash(everything);
    EXPECT_EQ(hash, LogicalHash(*Unpack<Everything>(Pack(everything))));
    const auto [entry, added] = seen.emplace(hash, Pack(everything));
    EXPECT_TRUE(added || entry->second == Pack(everything));
  }
}

TEST(RoundTrip, PackingIsDeterministic) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const auto everything = RandomTable<Everything>(seed);
    EXPECT_EQ(Pack(everything), Pack(*Unpack<Everything>(Pack(everything))));
  }
}

}  // namespace
}  // namespace sluice
